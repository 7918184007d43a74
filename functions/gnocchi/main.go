// Command gnocchi is the Lambda function that performs the actions of Gnocchi, the metric service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "gnocchi"}) }
