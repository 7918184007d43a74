// Command heat is the Lambda function that performs the actions of Heat, the orchestration service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "heat"}) }
