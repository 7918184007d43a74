// Command aodh is the Lambda function that performs the actions of Aodh, the alarm service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "aodh"}) }
