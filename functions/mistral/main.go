// Command mistral is the Lambda function that performs the actions of Mistral, the workflow service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "mistral"}) }
