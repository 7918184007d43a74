// Command project is the Lambda function that performs the project's own
// actions: openstack.regions, openstack.clouds.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "project"}) }
