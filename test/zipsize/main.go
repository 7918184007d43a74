// Zipsize prints the size in bytes of the zip file that deploys each of the
// binaries named, a line each. It is a program of its own because a test with
// the race detector would need ten times as long to compress them.
package main

import (
	"fmt"
	"os"

	"github.com/sirocco-workflows/sirocco/test/runtimeapi"
)

func main() {
	for _, binary := range os.Args[1:] {
		size, err := runtimeapi.ZipSize(binary)
		if err != nil {
			fmt.Fprintln(os.Stderr, "zipsize:", err)
			os.Exit(1)
		}
		fmt.Println(size)
	}
}
