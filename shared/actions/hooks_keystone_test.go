package actions

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// TestOAuthAuthorization holds the signature to what Python's oauthlib 3.2 makes
// of the same request.
func TestOAuthAuthorization(t *testing.T) {
	for _, tc := range []struct {
		request oauthRequest
		want    string
	}{
		{
			oauthRequest{key: "ck &+", secret: "cs/=", callback: "oob", nonce: "n1", timestamp: "1700000000", address: "http://127.0.0.1:5000/v3/OS-OAUTH1/request_token"},
			`OAuth oauth_nonce="n1", oauth_timestamp="1700000000", oauth_version="1.0", oauth_signature_method="HMAC-SHA1", oauth_consumer_key="ck%20%26%2B", oauth_callback="oob", oauth_signature="0g%2BlH9bVpvsFyk1ES3iCbmR%2BMLk%3D"`,
		},
		{
			oauthRequest{key: "ck", secret: "cs", token: "rk", tokenSecret: "rs", verifier: "v é", nonce: "n1", timestamp: "1700000000", address: "https://Keystone.Example.org:443/identity/v3/OS-OAUTH1/access_token"},
			`OAuth oauth_nonce="n1", oauth_timestamp="1700000000", oauth_version="1.0", oauth_signature_method="HMAC-SHA1", oauth_consumer_key="ck", oauth_token="rk", oauth_verifier="v%20%C3%A9", oauth_signature="x9RsQnN%2F1swmL19%2BgzI7dNm4Tus%3D"`,
		},
	} {
		if got := tc.request.authorization(); got != tc.want {
			t.Errorf("%s\ngot  %s\nwant %s", tc.request.address, got, tc.want)
		}
	}
}

func TestOAuthTokens(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(stubRequest) (int, http.Header, string) {
		return 201, nil, "oauth_token=a%2Bb&oauth_token_secret=planted-secret&oauth_expires_at=2030-01-01T00:00:00Z"
	}
	out, err := run(t, runner, "keystone.oauth1.request_tokens_create", `{"consumer_key": "k", "consumer_secret": "s", "project": "p1"}`)
	want := value.MapOf("key", "a+b", "id", "a+b", "secret", "planted-secret", "expires", "2030-01-01T00:00:00Z")
	if err != nil || !value.Equal(out.Result, want) {
		t.Fatalf("%v %v", out.Result, err)
	}
	sent := cloud.take()
	if len(sent) != 1 || sent[0].Header.Get("Requested-Project-Id") != "p1" || !strings.HasPrefix(sent[0].Header.Get("Authorization"), `OAuth oauth_nonce="`) {
		t.Errorf("%+v", sent)
	}
	cloud.answer = func(stubRequest) (int, http.Header, string) { return 200, nil, "{}" }
	_, err = run(t, runner, "keystone.oauth1.access_tokens_create",
		`{"consumer_key": "k", "consumer_secret": "s", "request_key": "r", "request_secret": "rs", "verifier": "v"}`)
	if err == nil || !strings.Contains(err.Error(), "the answer has no oauth_token") {
		t.Error(err)
	}
}

func TestConsumersURL(t *testing.T) {
	runner := newStubCloud(t).runner()
	for input, want := range map[string]string{
		`{}`: "/OS-OAUTH1/consumers",
		`{"dict_args_in_out": {"consumer_id": "c"}}`:                 "/OS-OAUTH1/consumers/c",
		`{"dict_args_in_out": {"base_url": "/b", "tail": "/t"}}`:     "/b/consumers/t",
		`{"dict_args_in_out": {"base_url": null, "consumer_id": 1}}`: "/OS-OAUTH1/consumers/1",
	} {
		if out, err := run(t, runner, "keystone.oauth1.consumers_build_url", input); err != nil || out.Result != want {
			t.Errorf("%s: %v %v", input, out.Result, err)
		}
	}
}
