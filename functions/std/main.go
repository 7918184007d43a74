// Command std is the Lambda function that performs Mistral's standard actions,
// std.echo, std.http, std.javascript and the like.
package main

import (
	"github.com/sirocco-workflows/sirocco/shared/actions/std"
	"github.com/sirocco-workflows/sirocco/shared/function"
)

func main() { function.Main(function.Options{Service: "std", Std: std.All()}) }
