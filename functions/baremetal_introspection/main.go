// Command baremetal_introspection is the Lambda function that performs the actions of Ironic Inspector, the bare metal introspection service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "baremetal_introspection"}) }
