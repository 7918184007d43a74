// Command ironic is the Lambda function that performs the actions of Ironic, the bare metal service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "ironic"}) }
