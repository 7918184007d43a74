package actions

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // HMAC-SHA1 is the one method that Keystone's OAuth has
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

var keystoneHooks = map[string]hook{
	"keystone.new_password":  keystoneNewPassword,
	"keystone.consumers_url": keystoneConsumersURL,
	"keystone.request_token": func(ctx context.Context, inv *invocation) (any, error) {
		project := http.Header{"Requested-Project-Id": {pythonStr(inv.args["project"])}}
		return inv.oauthToken(ctx, "/OS-OAUTH1/request_token", project, oauthRequest{callback: "oob"})
	},
	"keystone.access_token": func(ctx context.Context, inv *invocation) (any, error) {
		return inv.oauthToken(ctx, "/OS-OAUTH1/access_token", http.Header{}, oauthRequest{
			token: ifGiven(inv.args["request_key"]), tokenSecret: pythonStr(inv.args["request_secret"]), verifier: ifGiven(inv.args["verifier"]),
		})
	},
}

// ifGiven is the text of a field of an OAuth request, empty if it has none.
func ifGiven(v any) string {
	if !value.Truth(v) {
		return ""
	}
	return pythonStr(v)
}

// keystoneNewPassword is what a user does with a password of their own; the
// service is not asked whether it may stay as it was.
func keystoneNewPassword(ctx context.Context, inv *invocation) (any, error) {
	if value.Equal(inv.args["old_password"], inv.args["new_password"]) {
		return nil, badArgument{"new_password", "must be another than old_password"}
	}
	return keystoneOwnUser(ctx, inv)
}

// keystoneOwnUser makes the id of the user who calls an argument.
func keystoneOwnUser(ctx context.Context, inv *invocation) (any, error) {
	session, err := inv.openSession(ctx)
	if err != nil {
		return nil, err
	}
	inv.args["@user_id"] = session.Target().UserID
	return inv.perform(ctx)
}

// keystoneConsumersURL gives the path of the OAuth consumers or, with
// consumer_id, of one.
func keystoneConsumersURL(_ context.Context, inv *invocation) (any, error) {
	in, _ := inv.args["dict_args_in_out"].(*value.Map)
	base, _ := in.Get("base_url")
	path := textOr(base, "/OS-OAUTH1") + "/consumers"
	if id, _ := in.Get("consumer_id"); id != nil {
		path += "/" + pythonStr(id)
	}
	if tail, _ := in.Get("tail"); value.Truth(tail) {
		path += pythonStr(tail)
	}
	return path, nil
}

// oauthRequest is what a request for a token is signed with (RFC 5849).
type oauthRequest struct {
	key, secret               string // of the consumer
	token, tokenSecret        string // of the request token, for an access token
	callback, verifier        string
	nonce, timestamp, address string
}

// oauthToken asks for a token. The result has key, id, secret and expires.
func (inv *invocation) oauthToken(ctx context.Context, path string, header http.Header, r oauthRequest) (any, error) {
	service, err := inv.open(ctx, inv.action.spec.base.serviceType)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails
	r.key, r.secret = pythonStr(inv.args["consumer_key"]), pythonStr(inv.args["consumer_secret"])
	r.nonce, r.timestamp = hex.EncodeToString(nonce), strconv.FormatInt(time.Now().Unix(), 10)
	r.address = service.Endpoint() + path
	header.Set("Authorization", r.authorization())
	answer, err := inv.send(ctx, service.Type(), request{Method: http.MethodPost, Path: path, Header: header})
	if err != nil {
		return nil, err
	}
	got, err := url.ParseQuery(string(answer.Body))
	if err != nil || got.Get("oauth_token") == "" {
		return nil, inv.badAnswer(errors.New("the answer has no oauth_token"))
	}
	key := got.Get("oauth_token")
	out := value.MapOf("key", key, "id", key, "secret", got.Get("oauth_token_secret"))
	if expires := got.Get("oauth_expires_at"); expires != "" {
		out.Set("expires", expires)
	}
	return out, nil
}

// authorization is the header of a signed request (RFC 5849, 3.4.2 and 3.5.1).
func (r oauthRequest) authorization() string {
	params := [][2]string{
		{"oauth_nonce", r.nonce}, {"oauth_timestamp", r.timestamp}, {"oauth_version", "1.0"},
		{"oauth_signature_method", "HMAC-SHA1"}, {"oauth_consumer_key", r.key},
	}
	for _, p := range [][2]string{{"oauth_token", r.token}, {"oauth_callback", r.callback}, {"oauth_verifier", r.verifier}} {
		if p[1] != "" {
			params = append(params, p)
		}
	}
	mac := hmac.New(sha1.New, []byte(oauthEscape(r.secret)+"&"+oauthEscape(r.tokenSecret)))
	_, _ = mac.Write([]byte(r.baseString(params)))
	params = append(params, [2]string{"oauth_signature", base64.StdEncoding.EncodeToString(mac.Sum(nil))})
	parts := make([]string, len(params))
	for i, p := range params {
		parts[i] = p[0] + `="` + oauthEscape(p[1]) + `"`
	}
	return "OAuth " + strings.Join(parts, ", ")
}

// baseString is what is signed (RFC 5849, 3.4.1).
func (r oauthRequest) baseString(params [][2]string) string {
	pairs := make([]string, len(params))
	for i, p := range params {
		pairs[i] = oauthEscape(p[0]) + "=" + oauthEscape(p[1])
	}
	slices.Sort(pairs)
	address := r.address
	if u, err := url.Parse(address); err == nil {
		u.Host = strings.ToLower(u.Host)
		if u.Scheme == "https" {
			u.Host = strings.TrimSuffix(u.Host, ":443")
		} else {
			u.Host = strings.TrimSuffix(u.Host, ":80")
		}
		address = u.String()
	}
	return "POST&" + oauthEscape(address) + "&" + oauthEscape(strings.Join(pairs, "&"))
}

// oauthEscape is RFC 5849's percent encoding (3.6): all but letters, digits and
// -._~ is encoded.
func oauthEscape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
