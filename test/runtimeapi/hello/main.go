// Command hello is the smallest Lambda function: it answers with its event. The
// cold start of the real functions is measured against it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(_ context.Context, event json.RawMessage) (json.RawMessage, error) {
		switch string(event) {
		case `"fail"`:
			return nil, Refused{}
		case `"exit"`:
			os.Exit(3)
		case `"wrapped"`:
			return nil, errors.Join(Refused{})
		}
		return event, nil
	})
}

// Refused is an error with a name.
type Refused struct{}

func (Refused) Error() string { return "as asked" }
