// Command magnum is the Lambda function that performs the actions of Magnum, the container infrastructure service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "magnum"}) }
