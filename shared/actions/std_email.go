package actions

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Dial connects as net.Dialer's DialContext does.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Email is what std.email sends.
type Email struct {
	Server         string // host, or host:port
	TLS            string // auto, starttls, implicit or none
	Insecure       bool   // accept any certificate
	CACert         string // PEM certificates to trust besides the system's
	User, Password string // of the server; no password: no login
	From           string
	To, CC, BCC    []string
	ReplyTo        []string
	Subject        string
	Body, HTML     string
	Attachments    []Attachment
}

// Attachment is a file that goes with an [Email].
type Attachment struct {
	Name    string
	Type    string // media type; empty: what the name says
	Content []byte
}

// stdEmail sends a mail. It gives null.
func stdEmail(ctx context.Context, inv *invocation) (any, error) {
	m, err := emailOf(inv.args)
	if err != nil {
		return nil, err
	}
	send := inv.runner.options.Email
	if send == nil || inv.runner.manager == nil {
		return nil, ActionFailed{Action: inv.action.Name, Message: "no mail can be sent from here"}
	}
	err = send(ctx, inv.runner.manager.DialContext, m)
	return nil, inv.connectionFailed(ctx, "Failed to send an email message: ", err)
}

// connectionFailed is the error of an action that speaks to a server by itself;
// its text repeats no secret of the arguments.
func (inv *invocation) connectionFailed(ctx context.Context, what string, err error) error {
	var denied openstack.EgressDenied
	switch {
	case err == nil:
		return nil
	case errors.As(err, &denied):
		return denied
	case ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return ctx.Err()
	}
	text := err.Error()
	for _, s := range inv.action.secrets(inv.call.Input) {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return ActionFailed{Action: inv.action.Name, Message: what + text}
}

// emailOf reads the arguments of std.email.
func emailOf(args arguments) (m Email, err error) {
	m = Email{
		Server: pythonStr(args["smtp_server"]), From: pythonStr(args["from_addr"]),
		User: textOr(args["smtp_user"], pythonStr(args["from_addr"])), Password: textOr(args["smtp_password"], ""),
		Subject: textOr(args["subject"], "<No subject>"), Body: textOr(args["body"], "<No body>"), HTML: textOr(args["html_body"], ""),
		TLS: textOr(args["smtp_tls"], "auto"),
	}
	for name, to := range map[string]*[]string{"to_addrs": &m.To, "cc_addrs": &m.CC, "bcc_addrs": &m.BCC, "reply_to": &m.ReplyTo} {
		if *to, err = addresses(name, args[name]); err != nil {
			return m, err
		}
	}
	if len(m.To)+len(m.CC)+len(m.BCC) == 0 {
		return m, badArgument{"to_addrs", "must name somebody"}
	}
	if !slices.Contains([]string{"auto", "starttls", "implicit", "none"}, m.TLS) {
		return m, badArgument{"smtp_tls", "must be auto, starttls, implicit or none"}
	}
	if m.TLS == "none" && m.Password != "" {
		return m, badArgument{"smtp_tls", "must not be none with a password, which would be sent in the clear"}
	}
	if m.CACert, m.Insecure, err = trust(args["verify"]); err != nil {
		return m, err
	}
	m.Attachments, err = attachments(args["attachments"])
	return m, err
}

func textOr(v any, otherwise string) string {
	if !value.Truth(v) {
		return otherwise
	}
	return pythonStr(v)
}

// addresses reads a list of addresses, or a single one.
func addresses(name string, v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok && value.Truth(v) {
		list = []any{v}
	}
	out := make([]string, len(list))
	for i, e := range list {
		if out[i], ok = e.(string); !ok {
			return nil, badArgument{name, "must be a list of addresses, and one is " + value.Kind(e)}
		}
	}
	return out, nil
}

// attachments reads a list of {filename, content, content_type, encoding}.
func attachments(v any) ([]Attachment, error) {
	bad := func(why string) error { return badArgument{"attachments", why} }
	list, ok := v.([]any)
	if !ok && v != nil {
		return nil, bad("must be a list, not " + value.Kind(v))
	}
	out := make([]Attachment, len(list))
	for i, e := range list {
		m, _ := e.(*value.Map)
		get := func(key string) string {
			v, _ := m.Get(key)
			return textOr(v, "")
		}
		out[i] = Attachment{Name: get("filename"), Type: get("content_type"), Content: []byte(get("content"))}
		if out[i].Name == "" {
			return nil, bad("must be a list of dictionaries with filename and content")
		}
		switch get("encoding") {
		case "":
		case "base64":
			content, err := base64.StdEncoding.DecodeString(get("content"))
			if err != nil {
				return nil, bad("the content of " + out[i].Name + " is no base64")
			}
			out[i].Content = content
		default:
			return nil, bad("the encoding of " + out[i].Name + " must be base64 or none at all")
		}
	}
	return out, nil
}

// trust reads verify: false accepts any certificate; certificates in PEM form
// are trusted besides the system's.
func trust(verify any) (caCert string, insecure bool, err error) {
	switch v := verify.(type) {
	case string:
		if !strings.Contains(v, "-----BEGIN CERTIFICATE-----") {
			return "", false, badArgument{"verify", "must be true, false or certificates in PEM form; a path is not read here"}
		}
		return v, false, nil
	case bool:
		return "", !v, nil
	default:
		return "", false, nil
	}
}
