// Command zaqar is the Lambda function that performs the actions of Zaqar, the message service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "zaqar"}) }
