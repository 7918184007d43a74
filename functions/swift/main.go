// Command swift is the Lambda function that performs the actions of Swift, the object store.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "swift"}) }
