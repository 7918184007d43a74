// Command nova is the Lambda function that performs the actions of Nova, the compute service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "nova"}) }
