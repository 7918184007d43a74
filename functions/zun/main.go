// Command zun is the Lambda function that performs the actions of Zun, the container service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "zun"}) }
