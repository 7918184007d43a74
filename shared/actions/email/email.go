// Package email sends the mails of std.email by SMTP: text, an HTML form of it,
// attachments. It is a package of its own so that a function that sends no mail
// does not link it.
//
// TLS is what the message asks for. "auto" takes STARTTLS where the server
// offers it, but demands it where there is a password, which never leaves in the
// clear. The connection is made by the dialer that the caller gives, so the
// rules of where a program may connect hold here, too.
package email

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/wneessen/go-mail"

	"github.com/sirocco-workflows/sirocco/shared/actions"
)

// Ports of SMTP: with STARTTLS or none at all, and with TLS from the start
// (RFC 8314, 3.3).
const (
	portPlain    = 25
	portImplicit = 465
)

// Send sends one message. Its errors say what the server said; they hold no
// password.
func Send(ctx context.Context, dial actions.Dial, m actions.Email) error {
	// A handshake that fails leaves its connection open, so they are closed here.
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	client, err := newClient(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			conns = append(conns, conn)
		}
		return conn, err
	}, m)
	if err != nil {
		return err
	}
	message, err := compose(m)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, message)
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return err
}

func newClient(dial actions.Dial, m actions.Email) (*mail.Client, error) {
	host, port, err := server(m)
	if err != nil {
		return nil, err
	}
	tlsConfig := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: m.Insecure} //nolint:gosec // the user asked for it
	if m.CACert != "" {
		tlsConfig.RootCAs, err = x509.SystemCertPool()
		if err != nil {
			tlsConfig.RootCAs = x509.NewCertPool()
		}
		if !tlsConfig.RootCAs.AppendCertsFromPEM([]byte(m.CACert)) {
			return nil, errors.New("the certificates are not in PEM form")
		}
	}
	options := []mail.Option{
		mail.WithPort(port), mail.WithTLSConfig(tlsConfig), mail.WithTLSPolicy(policy(m)),
		mail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err != nil || m.TLS != "implicit" {
				return conn, err
			}
			// The library wraps its own connections only, not those of a dialer.
			return tls.Client(conn, tlsConfig), nil
		}),
	}
	if m.TLS == "implicit" {
		options = append(options, mail.WithSSL())
	}
	if m.Password != "" {
		auth := mail.SMTPAuthAutoDiscover
		options = append(options, mail.WithSMTPAuth(auth), mail.WithUsername(m.User), mail.WithPassword(m.Password))
	}
	return mail.NewClient(host, options...)
}

// server is the host and port of a message's server.
func server(m actions.Email) (host string, port int, err error) {
	host, portText, err := net.SplitHostPort(m.Server)
	if err != nil { // no port
		if m.TLS == "implicit" {
			return m.Server, portImplicit, nil
		}
		return m.Server, portPlain, nil
	}
	port, err = strconv.Atoi(portText)
	if err != nil {
		return "", 0, fmt.Errorf("the port of %q is no number", m.Server)
	}
	return host, port, nil
}

func policy(m actions.Email) mail.TLSPolicy {
	switch {
	case m.TLS == "none" || m.TLS == "implicit":
		return mail.NoTLS // of STARTTLS
	case m.TLS == "starttls" || m.Password != "":
		return mail.TLSMandatory
	default:
		return mail.TLSOpportunistic
	}
}

// compose makes the message as it is sent.
func compose(m actions.Email) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8), mail.WithNoDefaultUserAgent())
	if err := msg.From(m.From); err != nil {
		return nil, fmt.Errorf("from_addr: %w", err)
	}
	for _, list := range []struct {
		name  string
		set   func(...string) error
		addrs []string
	}{
		{"to_addrs", msg.To, m.To}, {"cc_addrs", msg.Cc, m.CC}, {"bcc_addrs", msg.Bcc, m.BCC},
		{"reply_to", func(a ...string) error { return msg.SetAddrHeader("Reply-To", a...) }, m.ReplyTo},
	} {
		if len(list.addrs) == 0 {
			continue
		}
		if err := list.set(list.addrs...); err != nil {
			return nil, fmt.Errorf("%s: %w", list.name, err)
		}
	}
	msg.Subject(m.Subject)
	msg.SetDate()
	msg.SetMessageID()
	msg.SetBodyString(mail.TypeTextPlain, m.Body)
	if m.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	for _, a := range m.Attachments {
		var options []mail.FileOption
		if a.Type != "" {
			options = append(options, mail.WithFileContentType(mail.ContentType(a.Type)))
		}
		msg.AttachReadSeeker(a.Name, bytes.NewReader(a.Content), options...)
	}
	return msg, nil
}
