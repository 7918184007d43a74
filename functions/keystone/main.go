// Command keystone is the Lambda function that performs the actions of Keystone, the identity service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "keystone"}) }
