//go:build race

package e2e_test

// underRace says that the race detector runs: everything takes ten times as
// long then, and what is built to be run beside the tests is built with it.
const underRace = true
