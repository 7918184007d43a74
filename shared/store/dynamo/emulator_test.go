package dynamo_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/dynamo"
	"github.com/sirocco-workflows/sirocco/shared/store/storetest"
)

// clientFor returns a client of a service at the endpoint.
func clientFor(endpoint string) *dynamodb.Client {
	cfg := aws.Config{
		Region:       "eu-central-1",
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		BaseEndpoint: aws.String(endpoint),
	}
	return dynamo.NewClient(cfg)
}

// emulator returns a client of the emulator, or skips the test.
func emulator(t *testing.T) *dynamodb.Client {
	t.Helper()
	endpoint := os.Getenv("SIROCCO_DYNAMODB_ENDPOINT")
	if endpoint == "" {
		t.Skip("SIROCCO_DYNAMODB_ENDPOINT is not set: run the test by scripts/dynamodb-emulator.sh")
	}
	return clientFor(endpoint)
}

// newTable makes a table at the emulator.
func newTable(t *testing.T, client *dynamodb.Client, opts dynamo.Options) (*dynamo.Table, string) {
	t.Helper()
	name := fmt.Sprintf("sirocco-%d", time.Now().UnixNano())
	if _, err := client.CreateTable(t.Context(), dynamo.CreateTableInput(name)); err != nil {
		t.Fatal(err)
	}
	if _, err := client.UpdateTimeToLive(t.Context(), dynamo.TimeToLiveInput(name)); err != nil {
		t.Fatal(err)
	}
	return dynamo.New(client, name, opts), name
}

func TestContract(t *testing.T) {
	client := emulator(t)
	storetest.Run(t, func() store.Table {
		table, _ := newTable(t, client, dynamo.Options{})
		return table
	})
}
