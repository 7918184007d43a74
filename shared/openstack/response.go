package openstack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// APIResponse is an answer with a status below 400.
type APIResponse struct {
	Status int
	Header http.Header
	Body   []byte        // nil when the request was made with Stream
	Stream io.ReadCloser // only with Stream; the caller closes it

	detail  Detail
	secrets []string
}

// Detail says which request this is the answer to, for an error of what is in it.
func (r *APIResponse) Detail() Detail { return r.detail }

// Value decodes the body as package value's data; an empty one is nil. What is
// no JSON is a BadAnswer.
func (r *APIResponse) Value() (any, error) {
	if len(bytes.TrimSpace(r.Body)) == 0 {
		return nil, nil
	}
	v, err := value.Decode(r.Body)
	if err != nil {
		d := r.detail
		d.Message = "the answer is no JSON: "
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			d.Message += "it ends too early"
		} else if ct := r.Header.Get("Content-Type"); strings.Contains(ct, "html") {
			d.Message += "it is a page: " + scrub(htmlText(string(r.Body[:min(len(r.Body), maxErrorBody)])), r.secrets...)
		} else {
			d.Message += scrub(err.Error(), r.secrets...)
		}
		return nil, BadAnswer{d}
	}
	return v, nil
}

// streamBody ends the try's context when the reader is done with it.
type streamBody struct {
	io.ReadCloser
	cancel func()
}

// Close closes the body and ends the try.
func (s *streamBody) Close() error {
	defer s.cancel()
	return s.ReadCloser.Close()
}

var errTooLarge = errors.New("larger than the limit")

// maxErrorBody is how much of an answer is read, in bytes, to find its message.
const maxErrorBody = 64 << 10

// readBody reads an answer up to the limit, which counts the bytes after
// decompression. A longer error answer is cut off, as its text is.
func readBody(resp *http.Response, limit int64) ([]byte, error) {
	if resp.StatusCode >= 400 {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, min(limit, maxErrorBody)))
		return body, nil
	}
	if resp.Request != nil && resp.Request.Method == http.MethodHead {
		return nil, nil // its length is that of the answer to a GET
	}
	if resp.ContentLength > limit {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, errTooLarge
	}
	return body, nil
}

// requestID is OpenStack's id of the request, under any of its headers, or as
// some services (designate, zun, magnum) say it in an error's body.
func requestID(h http.Header, body ...byte) string {
	for _, k := range []string{"X-Openstack-Request-Id", "X-Compute-Request-Id", "X-Request-Id", "X-Trans-Id"} {
		if v := h.Get(k); v != "" {
			return cut(v, 100)
		}
	}
	var said struct {
		ID     string `json:"request_id"`
		Errors []struct {
			ID string `json:"request_id"`
		} `json:"errors"`
	}
	_ = json.Unmarshal(body, &said) // what is of another form has no id
	if said.ID == "" && len(said.Errors) > 0 {
		said.ID = said.Errors[0].ID
	}
	return cut(said.ID, 100)
}

// retryAfter reads seconds or an HTTP date; 0 if there is neither.
func retryAfter(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		if n <= 0 || n != n {
			return 0
		}
		return time.Duration(min(n, 1e6) * float64(time.Second))
	}
	if at, err := http.ParseTime(s); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

const maxMessage = 1000 // characters of a service's message that are kept

// errorMessage finds the words in an error's body. Services have many forms:
//
//	{"error": {"message": "..."}}              keystone, heat (beside a general "explanation")
//	{"itemNotFound": {"message": "..."}}       nova, cinder, manila, trove
//	{"NeutronError": {"type": , "message": }}  neutron; its value may be a string
//	{"error_message": "{\"faultstring\": }"}   ironic; aodh's and newer ironic's is a dictionary
//	{"errors": [{"title": , "detail": }]}      placement, magnum, zun
//	{"message": , "errors": {"errors": [...]}} designate, for each field that is wrong
//	{"description": {"cause": , "detail": }}   gnocchi
//	{"message"|"description"|"faultstring"|"explanation"|"title": "..."}
//	<html>...                                  glance, swift, proxies in between
func errorMessage(contentType string, body []byte) string {
	text := strings.TrimSpace(string(body))
	var v any
	if json.Unmarshal(body, &v) == nil {
		if s := messageIn(v, 0); s != "" {
			return cut(strings.TrimSpace(htmlBreak.ReplaceAllString(s, " ")), maxMessage)
		}
	}
	if strings.Contains(contentType, "html") || strings.HasPrefix(text, "<") {
		text = htmlText(text)
	}
	return cut(strings.Join(strings.Fields(text), " "), maxMessage)
}

// messageKeys are where a dictionary has its words, the most telling first.
var messageKeys = [...]string{
	"message", "detail", "faultstring", "error_message", "NeutronError", "error", "errors",
	"description", "explanation", "title", "debuginfo",
}

func messageIn(v any, depth int) string {
	if depth > 6 {
		return ""
	}
	switch v := v.(type) {
	case string:
		var inner any
		if strings.HasPrefix(v, "{") && json.Unmarshal([]byte(v), &inner) == nil {
			if s := messageIn(inner, depth+1); s != "" {
				return s
			}
		}
		return v
	case []any:
		if len(v) > 0 {
			return messageIn(v[0], depth+1)
		}
	case map[string]any:
		if cause, ok := v["cause"].(string); ok {
			return causeIn(cause, v)
		}
		for _, k := range messageKeys {
			if s := messageIn(v[k], depth+1); s != "" {
				return s + fieldsIn(v["errors"])
			}
		}
		if len(v) == 1 {
			for _, only := range v {
				if _, ok := only.(map[string]any); ok {
					return messageIn(only, depth+1)
				}
			}
		}
	}
	return ""
}

// causeIn is gnocchi's form: a general cause, and what of it.
func causeIn(cause string, v map[string]any) string {
	for _, k := range []string{"reason", "detail"} {
		switch of := v[k].(type) {
		case nil:
		case string:
			cause += ": " + of
		default:
			text, _ := json.Marshal(of) // of what was JSON before
			cause += ": " + string(text)
		}
	}
	return cause
}

// fieldsIn is designate's form: the path and message of each wrong field.
func fieldsIn(v any) string {
	m, _ := v.(map[string]any)
	list, _ := m["errors"].([]any)
	var out []string
	for _, e := range list {
		field, _ := e.(map[string]any)
		var path []string
		parts, _ := field["path"].([]any)
		for _, p := range parts {
			path = append(path, fmt.Sprint(p))
		}
		if s, ok := field["message"].(string); ok {
			out = append(out, strings.TrimPrefix(strings.Join(path, ".")+": "+s, ": "))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return ": " + strings.Join(out, "; ")
}

var (
	htmlDrop  = regexp.MustCompile(`(?is)<(script|style|head)\b.*?</(script|style|head)>`)
	htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	htmlBreak = regexp.MustCompile(`(?i)\s*<br\s*/?>`) // glance puts them even into JSON
	htmlTag   = regexp.MustCompile(`(?s)<[^>]*>`)
)

// htmlText is what a page says, for one line: its title, then its text.
func htmlText(page string) string {
	title := ""
	if m := htmlTitle.FindStringSubmatch(page); m != nil {
		title = strings.TrimSpace(m[1])
	}
	text := htmlTag.ReplaceAllString(htmlDrop.ReplaceAllString(page, " "), " ")
	text = strings.Join(strings.Fields(html.UnescapeString(text)), " ")
	title = html.UnescapeString(title)
	if title != "" && !strings.HasPrefix(text, title) {
		text = strings.TrimSpace(title + ": " + text)
	}
	return cut(text, 300)
}

// cut shortens a text at a character's border.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}
