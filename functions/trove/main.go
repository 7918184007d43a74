// Command trove is the Lambda function that performs the actions of Trove, the database service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "trove"}) }
