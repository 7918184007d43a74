// Package events reads the events of the folder events/ for tests: each is a
// file FUNCTION-WHAT.json whose ${NAME} placeholders say where and as whom to
// go. [ValuesOf] gives the placeholders' values for a running sandbox, [Load]
// fills them in.
package events

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/sandbox"
)

// Event is one event of the folder.
type Event struct {
	Name     string // the file's, without .json
	Function string // the folder under functions/ that it is for
	Body     []byte
}

// Values are the placeholders' values by name.
type Values map[string]string

// The secrets that a Secrets Manager must hold for the events, by name.
const (
	CloudsSecret      = "sirocco/clouds"      // a clouds.yaml
	CredentialsSecret = "sirocco/credentials" // credentials as JSON
)

var placeholder = regexp.MustCompile(`\$\{([A-Z_]+)\}`)

// Load reads every event of a folder and fills in its placeholders. One without
// a value is an error.
func Load(dir string, values Values) ([]Event, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(err, fmt.Errorf("no events in %s", dir))
	}
	slices.Sort(files)
	out := make([]Event, 0, len(files))
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var missing []string
		body := placeholder.ReplaceAllFunc(raw, func(match []byte) []byte {
			name := string(placeholder.FindSubmatch(match)[1])
			val, ok := values[name]
			if !ok {
				missing = append(missing, name)
			}
			quoted, _ := json.Marshal(val)
			return quoted[1 : len(quoted)-1]
		})
		if len(missing) > 0 {
			return nil, fmt.Errorf("%s: no value for %s", file, strings.Join(missing, ", "))
		}
		if !json.Valid(body) {
			return nil, fmt.Errorf("%s is no JSON", file)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		function, _, _ := strings.Cut(name, "-")
		out = append(out, Event{name, function, body})
	}
	return out, nil
}

// ValuesOf returns the values for a sandbox with at least two clouds: the first
// region of the first cloud, and the last of the second as the other one.
func ValuesOf(ctx context.Context, sb *sandbox.Sandbox) (Values, error) {
	clouds := sb.Clouds()
	if len(clouds) < 2 {
		return nil, errors.New("the events need two clouds")
	}
	first, other := clouds[0], clouds[1]
	regions, others := sb.Regions(first), sb.Regions(other)
	id, secret := sb.AppCredential(first)
	token, project, err := issueToken(ctx, sb, first)
	if err != nil {
		return nil, err
	}
	return Values{
		"AUTH_URL": sb.AuthURL(first), "REGION": regions[0],
		"ADMIN_USERNAME": "admin", "ADMIN_PASSWORD": sb.Password(first), "ADMIN_PROJECT_NAME": "admin",
		"TOKEN": token, "PROJECT_ID": project,
		"APPLICATION_CREDENTIAL_ID": id, "APPLICATION_CREDENTIAL_SECRET": secret,
		"CLOUD": first, "OTHER_CLOUD": other, "OTHER_REGION": others[len(others)-1],
		"CREDENTIALS_SECRET": CredentialsSecret, "EXECUTION": "execution-of-the-events",
	}, nil
}

// Secrets returns what Secrets Manager holds for the events, by name.
func Secrets(sb *sandbox.Sandbox) (map[string]string, error) {
	first := sb.Clouds()[0]
	id, secret := sb.AppCredential(first)
	credentials, err := json.Marshal(map[string]any{
		"auth_url":                      sb.AuthURL(first),
		"application_credential_id":     id,
		"application_credential_secret": secret,
	})
	if err != nil {
		return nil, err
	}
	return map[string]string{CloudsSecret: sb.CloudsYAML(), CredentialsSecret: string(credentials)}, nil
}

// issueToken logs the user demo in, as a caller with a token of its own did.
func issueToken(ctx context.Context, sb *sandbox.Sandbox, cloud string) (token, project string, err error) {
	body := fmt.Sprintf(`{"auth": {"identity": {"methods": ["password"], "password": {"user":
		{"name": "demo", "domain": {"name": "Default"}, "password": %q}}},
		"scope": {"project": {"name": "demo", "domain": {"name": "Default"}}}}}`, sb.Password(cloud))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, sb.AuthURL(cloud)+"/auth/tokens", bytes.NewReader([]byte(body)))
	if err != nil {
		return "", "", err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", "", err
	}
	if resp.StatusCode != http.StatusCreated {
		return "", "", fmt.Errorf("token for %s: %s: %s", cloud, resp.Status, text)
	}
	var answer struct {
		Token struct {
			Project struct {
				ID string `json:"id"`
			} `json:"project"`
		} `json:"token"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", "", err
	}
	return resp.Header.Get("X-Subject-Token"), answer.Token.Project.ID, nil
}
