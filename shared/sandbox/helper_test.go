package sandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/sandbox"
)

type ctx_ = context.Context

// tokenFor gets a token with nothing but HTTP.
func tokenFor(t testing.TB, s *sandbox.Sandbox, cloud, user string) string {
	t.Helper()
	body := `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"` + user + `","domain":{"id":"default"},"password":"` +
		s.Password(cloud) + `"}}},"scope":{"project":{"name":"` + user + `","domain":{"name":"Default"}}}}}`
	resp := do(t, http.DefaultClient, "POST", s.AuthURL(cloud)+"/auth/tokens", "", body)
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("token: %s", resp.Status)
	}
	return resp.Header.Get("X-Subject-Token")
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body []byte
}

func (a answer) decode(t testing.TB) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(a.body, &out); err != nil {
		t.Fatalf("%v in %q", err, a.body)
	}
	return out
}

func try(ctx context.Context, client *http.Client, method, url, token, body string, header ...string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("X-Auth-Token", token)
	req.Header.Set("Accept", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return answer{resp, data}, err
}

func do(t testing.TB, client *http.Client, method, url, token, body string, header ...string) answer {
	t.Helper()
	a, err := try(t.Context(), client, method, url, token, body, header...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func get(t testing.TB, s *sandbox.Sandbox, cloud, user, path string) []byte {
	t.Helper()
	a := do(t, http.DefaultClient, "GET", s.URL()+path, tokenFor(t, s, cloud, user), "")
	if a.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s %s", path, a.Status, a.body)
	}
	return a.body
}
