package function

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
)

// The environment variables of a function. The template sets them; a test holds
// the two together.
const (
	// EnvTable names the DynamoDB table.
	EnvTable = "TABLE_NAME"
	// EnvMultiCloud is true if an event may name an auth URL that is not
	// configured.
	EnvMultiCloud = "MULTI_CLOUD"
	// EnvAllowedAuthURIs lists, by commas or blanks, the only unconfigured auth
	// URLs that an event may name then; empty means any.
	EnvAllowedAuthURIs = "ALLOWED_AUTH_URIS"
	// EnvDefaultRegion is the region where neither event nor cloud has one.
	EnvDefaultRegion = "DEFAULT_REGION"
	// EnvDefaultCloud is the configured cloud where an event names none.
	EnvDefaultCloud = "DEFAULT_CLOUD"
	// EnvOpenHosts lists hosts and ranges that may be spoken to although their
	// addresses are loopback or link-local.
	EnvOpenHosts = "OPEN_HOSTS"
	// EnvCloudsSecret is the ARN of a secret in AWS Secrets Manager that holds a
	// clouds.yaml. Without it the clouds are those of OS_* variables and of
	// OS_CLIENT_CONFIG_FILE, if there are any.
	EnvCloudsSecret = "CLOUDS_SECRET"
	// EnvCredentialsKey is the KMS key that seals stored credentials.
	EnvCredentialsKey = "CREDENTIALS_KEY"
	// EnvEndpoint is the endpoint of AWS's services where it is not AWS's own, as
	// with an emulator; empty means AWS's.
	EnvEndpoint = "AWS_ENDPOINT_URL"
	// EnvLogLevel is debug, info (the default), warn or error.
	EnvLogLevel = "LOG_LEVEL"
)

// Config is a function's configuration.
type Config struct {
	Table           string
	MultiCloud      bool
	AllowedAuthURIs []string
	DefaultRegion   string
	DefaultCloud    string
	OpenHosts       []string
	CloudsSecret    string
	CredentialsKey  string
	Endpoint        string
	LogLevel        slog.Level
	// Memory is the function's memory in bytes, as Lambda says it; 0 if unknown.
	Memory int64
	// Environ is the environment, "NAME=value" each, for OS_* variables and those
	// that Lambda sets (AWS_REGION and the role's credentials).
	Environ []string
}

// Variables returns the names of the variables that [ParseConfig] reads.
func Variables() []string {
	return []string{
		EnvTable, EnvMultiCloud, EnvAllowedAuthURIs, EnvDefaultRegion, EnvDefaultCloud,
		EnvOpenHosts, EnvCloudsSecret, EnvCredentialsKey, EnvEndpoint, EnvLogLevel,
	}
}

// ConfigError says which variable of the environment can't be used.
type ConfigError struct {
	Variable string
	Problem  string
}

func (e ConfigError) Error() string {
	return fmt.Sprintf("environment variable %s: %s", e.Variable, e.Problem)
}

// ParseConfig reads the configuration from an environment in the form of
// os.Environ. The error is a [ConfigError].
func ParseConfig(environ []string) (Config, error) {
	vars := map[string]string{}
	for _, entry := range environ {
		if name, val, ok := strings.Cut(entry, "="); ok {
			vars[name] = val
		}
	}
	c := Config{
		Table:           vars[EnvTable],
		AllowedAuthURIs: list(vars[EnvAllowedAuthURIs]),
		DefaultRegion:   vars[EnvDefaultRegion],
		DefaultCloud:    vars[EnvDefaultCloud],
		OpenHosts:       list(vars[EnvOpenHosts]),
		CloudsSecret:    vars[EnvCloudsSecret],
		CredentialsKey:  vars[EnvCredentialsKey],
		Endpoint:        vars[EnvEndpoint],
		Environ:         slices.Clone(environ),
	}
	if mb, err := strconv.ParseInt(vars["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], 10, 32); err == nil {
		c.Memory = mb << 20
	}
	if s := vars[EnvMultiCloud]; s != "" {
		on, err := strconv.ParseBool(s)
		if err != nil {
			return Config{}, ConfigError{EnvMultiCloud, fmt.Sprintf("%q is neither true nor false", s)}
		}
		c.MultiCloud = on
	}
	if s := vars[EnvLogLevel]; s != "" {
		if err := c.LogLevel.UnmarshalText([]byte(s)); err != nil {
			return Config{}, ConfigError{EnvLogLevel, fmt.Sprintf("%q is none of debug, info, warn, error", s)}
		}
	}
	return c, nil
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
}

// maxBody is the largest answer that is read, 0 for package openstack's own. Data
// takes six times the memory of its JSON, and its text is there as well.
func (c Config) maxBody() int64 { return c.Memory / 16 }

// maxList is the same for the pages of a list together, of which only the data
// is kept; what comes of it is once more there as text.
func (c Config) maxList() int64 { return c.Memory / 12 }

// env is a variable of the environment, "" if it is not set. The last entry of a
// name counts, as it does for a process.
func (c Config) env(name string) string {
	found := ""
	for _, entry := range c.Environ {
		if n, val, ok := strings.Cut(entry, "="); ok && n == name {
			found = val
		}
	}
	return found
}
