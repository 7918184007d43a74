// Command engine is the Lambda function that performs the steps of a workflow
// that call no action: joins, with-items lists and their verdict, sub-workflows,
// and the end of an execution, which EventBridge reports. It has no right to log
// in to a cloud.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{Service: "engine"}) }
