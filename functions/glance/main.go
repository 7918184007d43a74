// Command glance is the Lambda function that performs the actions of Glance, the image service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "glance"}) }
