package function

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/dynamo"
	"github.com/sirocco-workflows/sirocco/shared/store/kmscipher"
	"github.com/sirocco-workflows/sirocco/shared/store/secrets"
)

func loadAWS(ctx context.Context) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return cfg, fmt.Errorf("configuration of AWS: %w", err)
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

// sources are where references to credentials lead: the table, sealed with the
// configured key, and Secrets Manager.
func (f *Function) openSources(ctx context.Context) (store.Sources, error) {
	cfg, err := f.aws.get(ctx)
	if err != nil {
		return store.Sources{}, err
	}
	s := store.Sources{Schemes: map[string]store.CredentialSource{
		secretsScheme: secrets.New(secretsmanager.NewFromConfig(cfg)),
	}}
	if f.config.CredentialsKey != "" && f.config.Table != "" {
		table, err := f.table.get(ctx)
		if err != nil {
			return store.Sources{}, err
		}
		s.Default = store.NewCredentials(table, kmscipher.New(kms.NewFromConfig(cfg), f.config.CredentialsKey))
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
	return parseSecret(ref, text)
}

// parseSecret reads stored credentials: the members of [openstack.Credentials]
// and besides them auth_url, region, interface, cacert (PEM) and insecure. The
// decoder's error is not shown, as it may quote what it could not read.
func parseSecret(ref string, text []byte) (openstack.Resolved, error) {
	var secret struct {
		openstack.Credentials
		AuthURL   string `json:"auth_url"`
		Region    string `json:"region"`
		Interface string `json:"interface"`
		CACert    string `json:"cacert"`
		Insecure  bool   `json:"insecure"`
	}
	if json.Unmarshal(text, &secret) != nil {
		return openstack.Resolved{}, InvalidInput{"what " + ref + " refers to is not credentials as JSON"}
	}
	return openstack.Resolved{
		Credentials: secret.Credentials, AuthURL: secret.AuthURL, Region: secret.Region,
		Interface: secret.Interface, CACert: secret.CACert, Insecure: secret.Insecure,
	}, nil
}
