// Command cinder is the Lambda function that performs the actions of Cinder, the volume service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "cinder"}) }
