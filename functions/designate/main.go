// Command designate is the Lambda function that performs the actions of Designate, the DNS service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "designate"}) }
