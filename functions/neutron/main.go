// Command neutron is the Lambda function that performs the actions of Neutron, the network service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "neutron"}) }
