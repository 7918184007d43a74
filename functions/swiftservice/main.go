// Command swiftservice is the Lambda function that performs the actions of Swift, as its command line works on whole containers.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "swiftservice"}) }
