package actions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// defaultHTTPTimeout is std.http's timeout when none is given, as in Mistral.
const defaultHTTPTimeout = 60 * time.Second

// stdHTTP makes one HTTP request with the guarded client. The result is a
// dictionary: content (JSON decoded, else text), status, headers, url, history,
// encoding, reason, cookies, elapsed. A status outside 200 to 306 fails the
// action with that dictionary as its data. As in Mistral, redirects are followed
// only if allow_redirects is true.
func stdHTTP(ctx context.Context, inv *invocation) (any, error) {
	timeout := defaultHTTPTimeout
	if inv.args["timeout"] != nil {
		timeout = seconds(inv.args["timeout"])
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	req, err := httpRequest(ctx, inv.args)
	if err != nil {
		return nil, err
	}
	client, err := inv.httpClient()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return nil, inv.httpFailed(ctx, err)
	}
	defer resp.Body.Close()
	limit := inv.runner.options.MaxResponse
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, inv.httpFailed(ctx, err)
	}
	if int64(len(body)) > limit {
		return nil, ActionFailed{Action: inv.action.Name, Message: fmt.Sprintf("HTTP response is too large (limit=%d bytes).", limit)}
	}
	result := httpResult(resp, body, time.Since(start))
	if resp.StatusCode < 200 || resp.StatusCode > 306 {
		return nil, ActionFailed{Action: inv.action.Name, Data: result,
			Message: fmt.Sprintf("%s: HTTP status %s", inv.action.Name, resp.Status)}
	}
	return result, nil
}

// stdMistralHTTP is stdHTTP with headers that say which execution, task and
// action the request comes from, so that its receiver can complete the action.
func stdMistralHTTP(ctx context.Context, inv *invocation) (any, error) {
	headers := value.NewMap(5)
	given, _ := inv.args["headers"].(*value.Map)
	for k, v := range given.All() {
		headers.Set(k, v)
	}
	c := inv.call.Context
	for _, h := range [][2]string{
		{"Mistral-Workflow-Name", c.WorkflowName}, {"Mistral-Workflow-Execution-Id", c.ExecutionID}, {"Mistral-Task-Id", c.TaskID},
		{"Mistral-Action-Execution-Id", c.ActionID}, {"Mistral-Callback-URL", c.CallbackURL},
	} {
		if h[1] != "" {
			headers.Set(h[0], h[1])
		}
	}
	inv.args["headers"] = headers
	return stdHTTP(ctx, inv)
}

// httpClient makes the client that the options ask for.
func (inv *invocation) httpClient() (*http.Client, error) {
	if inv.runner.manager == nil {
		return nil, ActionFailed{Action: inv.action.Name, Message: "no HTTP client is set up"}
	}
	o := openstack.HTTPOptions{NoRedirects: !value.Truth(inv.args["allow_redirects"])}
	var err error
	if o.CACert, o.Insecure, err = trust(inv.args["verify"]); err != nil {
		return nil, err
	}
	if proxies, _ := inv.args["proxies"].(*value.Map); proxies.Len() > 0 {
		scheme, _, _ := strings.Cut(pythonStr(inv.args["url"]), ":")
		p, _ := proxies.Get(strings.ToLower(scheme))
		if p == nil {
			p, _ = proxies.Get("all")
		}
		o.Proxy, _ = p.(string)
	}
	return inv.runner.manager.HTTPClient(o)
}

// httpRequest makes the request of std.http's arguments.
func httpRequest(ctx context.Context, args arguments) (*http.Request, error) {
	u, err := url.Parse(pythonStr(args["url"]))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, badArgument{"url", "must be an http or https URL"}
	}
	addParams(u, args["params"])
	body, contentType, err := httpBody(args)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, strings.ToUpper(pythonStr(args["method"])), u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, badArgument{"method", "must be an HTTP method"}
	}
	req.Header.Set("Accept", "*/*")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	headers, _ := args["headers"].(*value.Map)
	for k, v := range headers.All() {
		if v == nil {
			continue
		}
		if strings.EqualFold(k, "Host") {
			req.Host = pythonStr(v)
			continue
		}
		req.Header.Set(k, pythonStr(v))
	}
	cookies, _ := args["cookies"].(*value.Map)
	for k, v := range cookies.All() {
		req.AddCookie(&http.Cookie{Name: k, Value: pythonStr(v)})
	}
	if auth, _ := args["auth"].(string); auth != "" {
		user, password, ok := strings.Cut(auth, ":")
		if !ok || strings.Contains(password, ":") {
			return nil, badArgument{"auth", "must be user:password"}
		}
		req.SetBasicAuth(user, password)
	}
	return req, nil
}

// addParams adds the query parameters: a dictionary, a list of its values giving
// one parameter each, or text.
func addParams(u *url.URL, params any) {
	var add string
	switch params := params.(type) {
	case *value.Map:
		var pairs []string
		for k, v := range params.All() {
			list, ok := v.([]any)
			if !ok {
				list = []any{v}
			}
			for _, item := range list {
				if item != nil {
					pairs = append(pairs, url.QueryEscape(k)+"="+url.QueryEscape(pythonStr(item)))
				}
			}
		}
		add = strings.Join(pairs, "&")
	case string:
		add = params
	}
	if add != "" && u.RawQuery != "" {
		add = "&" + add
	}
	u.RawQuery += add
}

// httpBody is the request's body and the type that it says it is.
func httpBody(args arguments) (body []byte, contentType string, err error) {
	if value.Truth(args["body"]) && value.Truth(args["json"]) {
		return nil, "", badArgument{"json", "can't be given with body"}
	}
	switch b := args["body"].(type) {
	case nil:
	case string:
		return []byte(b), "", nil
	case *value.Map:
		body, err = value.Encode(b)
		return body, "", err
	default:
		return nil, "", badArgument{"body", "must be text or a dictionary, not " + value.Kind(b)}
	}
	if args["json"] == nil {
		return nil, "", nil
	}
	body, err = value.Encode(args["json"])
	return body, "application/json", err
}

// httpFailed is the error of a request that got no answer. It names the URL's
// host and path but not its query, which may hold a secret.
func (inv *invocation) httpFailed(ctx context.Context, err error) error {
	var denied openstack.EgressDenied
	if errors.As(err, &denied) {
		return denied
	}
	if inv.runner != nil && ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	return ActionFailed{Action: inv.action.Name, Message: "Failed to send HTTP request: " + err.Error()}
}

func httpResult(resp *http.Response, body []byte, elapsed time.Duration) *value.Map {
	headers := value.NewMap(len(resp.Header))
	for k, v := range resp.Header {
		headers.Set(k, strings.Join(v, ", "))
	}
	cookies := value.NewMap(0)
	for _, c := range resp.Cookies() {
		cookies.Set(c.Name, c.Value)
	}
	encoding := httpEncoding(resp.Header.Get("Content-Type"))
	reason := strings.TrimSpace(strings.TrimPrefix(resp.Status, fmt.Sprint(resp.StatusCode)))
	out := value.NewMap(9)
	out.Set("content", httpContent(body, encoding))
	out.Set("status", int64(resp.StatusCode))
	out.Set("headers", value.Of(sortedMap(headers)))
	out.Set("url", shownURL(resp.Request.URL))
	out.Set("history", httpHistory(resp))
	out.Set("encoding", encoding)
	out.Set("reason", reason)
	out.Set("cookies", cookies)
	out.Set("elapsed", elapsed.Seconds())
	return out
}

// sortedMap gives the entries in the order of their keys.
func sortedMap(m *value.Map) map[string]any {
	out := make(map[string]any, m.Len())
	for k, v := range m.All() {
		out[k] = v
	}
	return out
}

// httpHistory lists the redirects that were followed: their statuses and URLs.
func httpHistory(resp *http.Response) []any {
	history := []any{}
	for r := resp.Request.Response; r != nil; r = r.Request.Response {
		history = append([]any{value.MapOf("status", r.StatusCode, "url", shownURL(r.Request.URL))}, history...)
	}
	return history
}

// httpEncoding is the text encoding that an answer says, or that HTTP supposes;
// null for what is not said to be text.
func httpEncoding(contentType string) any {
	mediaType, params, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
		return nil
	case params["charset"] != "":
		return params["charset"]
	case strings.HasPrefix(mediaType, "text/"):
		return "ISO-8859-1"
	case mediaType == "application/json":
		return "utf-8"
	default:
		return nil
	}
}

// httpContent is the body as JSON if it is that, else as text.
func httpContent(body []byte, encoding any) any {
	if v, err := value.Decode(body); err == nil {
		return v
	}
	name, _ := encoding.(string)
	if utf8.Valid(body) && !strings.EqualFold(name, "ISO-8859-1") && !strings.EqualFold(name, "latin-1") {
		return string(body)
	}
	if utf8.Valid(body) && isASCII(body) {
		return string(body)
	}
	runes := make([]rune, len(body)) // Latin-1: each byte is its own character
	for i, b := range body {
		runes[i] = rune(b)
	}
	return string(runes)
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// shownURL is a URL without a user and password in it.
func shownURL(u *url.URL) string {
	plain := *u
	plain.User = nil
	return plain.String()
}
