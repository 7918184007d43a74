package dynamo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

// transientCode says whether a reason is one to try again: another transaction
// holds the item, or the table is throttled. The SDK retries neither within a
// cancelled transaction.
func transientCode(code string) bool {
	switch code {
	case "TransactionConflict", "TransactionConflictException", "TransactionInProgressException",
		"ThrottlingError", "ProvisionedThroughputExceeded":
		return true
	}
	return false
}

// transient returns the error if it is a reason to try again, else nil.
func transient(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && transientCode(api.ErrorCode()) {
		return err
	}
	return nil
}

func reasonError(r types.CancellationReason) error {
	return fmt.Errorf("%s: %s", aws.ToString(r.Code), aws.ToString(r.Message))
}

// wrap gives an error of the SDK the table's name and, where there is one, its
// type in package store.
func (t *Table) wrap(err error) error {
	var api smithy.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &api):
		switch api.ErrorCode() {
		case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded":
			return &store.BusyError{What: "table " + t.name, Err: err}
		}
	}
	return fmt.Errorf("table %s: %w", t.name, err)
}

func defaultBackoff(retry int) time.Duration {
	limit := min(time.Second, 10*time.Millisecond<<min(retry, 10))
	return limit/2 + rand.N(limit/2)
}

func (t *Table) pause(ctx context.Context, retry int) error {
	timer := time.NewTimer(t.backoff(retry))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
