package function

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/dynamo"
	"github.com/sirocco-workflows/sirocco/shared/store/kmscipher"
	"github.com/sirocco-workflows/sirocco/shared/store/secrets"
)

// loadAWS is the configuration of AWS's clients out of what Lambda puts into a
// function's environment: region and the role's credentials. The SDK's own
// package config would look in files, single sign-on and instance metadata too,
// none of which a function has, for a millisecond at every cold start.
func (f *Function) loadAWS(context.Context) (aws.Config, error) {
	region := f.config.env("AWS_REGION")
	if region == "" {
		return aws.Config{}, ConfigError{"AWS_REGION", "is not set, and the event needs AWS's services"}
	}
	cfg := aws.Config{
		Region: region,
		Credentials: aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			c := aws.Credentials{
				AccessKeyID:     f.config.env("AWS_ACCESS_KEY_ID"),
				SecretAccessKey: f.config.env("AWS_SECRET_ACCESS_KEY"),
				SessionToken:    f.config.env("AWS_SESSION_TOKEN"),
				Source:          "environment",
			}
			if !c.HasKeys() {
				return c, ConfigError{"AWS_ACCESS_KEY_ID", "or AWS_SECRET_ACCESS_KEY is not set"}
			}
			return c, nil
		})),
	}
	if f.config.Endpoint != "" {
		cfg.BaseEndpoint = aws.String(f.config.Endpoint)
	}
	return cfg, nil
}

// openTable makes the client of the configured table.
func (f *Function) openTable(ctx context.Context) (store.Table, error) {
	if f.config.Table == "" {
		return nil, ConfigError{EnvTable, "is not set, and the event needs the table"}
	}
	cfg, err := f.aws.get(ctx)
	if err != nil {
		return nil, err
	}
	return dynamo.New(dynamo.NewClient(cfg), f.config.Table, dynamo.Options{Logger: f.logger}), nil
}

// clouds are those of the configured secret, or of the environment.
func (f *Function) clouds(ctx context.Context) (*openstack.CloudsConfig, error) {
	if f.config.CloudsSecret == "" {
		return openstack.LoadClouds(openstack.LoadOptions{Environ: f.config.Environ})
	}
	cfg, err := f.aws.get(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: aws.String(f.config.CloudsSecret),
	})
	if err != nil {
		return nil, fmt.Errorf("the clouds' secret %s: %w", f.config.CloudsSecret, err)
	}
	text := answer.SecretBinary
	if answer.SecretString != nil {
		text = []byte(*answer.SecretString)
	}
	return openstack.ParseClouds(text, nil, nil)
}

// openSources makes what references to credentials lead to: the table, sealed with
// the configured key, and Secrets Manager.
func (f *Function) openSources(ctx context.Context) (store.Sources, error) {
	cfg, err := f.aws.get(ctx)
	if err != nil {
		return store.Sources{}, err
	}
	s := store.Sources{Schemes: map[string]store.CredentialSource{
		secretsScheme: secrets.New(secretsmanager.NewFromConfig(cfg), secrets.Options{}),
	}}
	if f.config.CredentialsKey != "" && f.config.Table != "" {
		table, err := f.table.get(ctx)
		if err != nil {
			return store.Sources{}, err
		}
		s.Default = store.NewCredentials(table, kmscipher.New(kms.NewFromConfig(cfg), f.config.CredentialsKey, kmscipher.Options{}))
	}
	return s, nil
}

const secretsScheme = "secretsmanager"

// references resolves the references of events to what they stand for.
type references struct{ f *Function }

var _ openstack.CredentialSource = references{}

// Resolve implements [openstack.CredentialSource].
func (r references) Resolve(ctx context.Context, ref string) (openstack.Resolved, error) {
	sources, err := r.f.sources.get(ctx)
	if err != nil {
		return openstack.Resolved{}, err
	}
	text, err := sources.Get(ctx, ref)
	if err != nil {
		return openstack.Resolved{}, err
	}
	resolved, err := openstack.ParseResolved(ref, text)
	// Who can put a secret under the prefix is an operator; the table's
	// credentials may come from anybody who may store some.
	resolved.Trusted = strings.HasPrefix(ref, secretsScheme+":")
	return resolved, err
}
