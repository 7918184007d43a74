// Command manila is the Lambda function that performs the actions of Manila, the shared file system service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "manila"}) }
