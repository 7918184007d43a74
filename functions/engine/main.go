// Command engine is the Lambda function that performs the steps of a workflow
// that call no action: joins, with-items lists and their verdict, sub-workflows,
// and the end of an execution, which EventBridge reports. Called directly it
// performs the action of any service.
package main

import "github.com/sirocco-workflows/sirocco/shared/function"

func main() { function.Main(function.Options{}) }
