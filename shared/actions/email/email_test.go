package email_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/actions/email"
)

// smtpServer takes one mail. With a certificate it offers STARTTLS, or begins
// with TLS.
type smtpServer struct {
	address  string
	caCert   string
	commands []string
	data     string
	secure   bool
	done     chan struct{}
}

func newServer(t *testing.T, starttls, implicit bool) *smtpServer {
	web := httptest.NewTLSServer(nil) // for its certificate, which is for 127.0.0.1
	config := web.TLS.Clone()
	config.NextProtos = nil
	s := &smtpServer{done: make(chan struct{}), secure: implicit}
	s.caCert = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}))
	web.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	t.Cleanup(func() { l.Close(); <-s.done })
	go func() {
		defer close(s.done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { conn.Close() }()
		if implicit {
			conn = tls.Server(conn, config)
		}
		s.serve(conn, starttls, config)
	}()
	return s
}

func (s *smtpServer) serve(conn net.Conn, starttls bool, config *tls.Config) {
	in := bufio.NewReader(conn)
	fmt.Fprint(conn, "220 ready\r\n")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		s.commands = append(s.commands, line)
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch {
		case verb == "EHLO" && starttls && !s.secure:
			fmt.Fprint(conn, "250-me\r\n250 STARTTLS\r\n")
		case verb == "EHLO":
			fmt.Fprint(conn, "250-me\r\n250 AUTH PLAIN LOGIN\r\n")
		case verb == "STARTTLS":
			fmt.Fprint(conn, "220 go\r\n")
			conn, s.secure = tls.Server(conn, config), true
			in = bufio.NewReader(conn)
		case verb == "AUTH":
			if strings.Contains(line, base64.StdEncoding.EncodeToString([]byte("\x00me@example.org\x00planted-password"))) {
				fmt.Fprint(conn, "235 ok\r\n")
			} else {
				fmt.Fprint(conn, "535 no\r\n")
			}
		case verb == "RCPT" && strings.Contains(line, "nobody"):
			fmt.Fprint(conn, "550 no such user\r\n")
		case verb == "DATA":
			fmt.Fprint(conn, "354 go\r\n")
			for {
				line, err := in.ReadString('\n')
				if err != nil || line == ".\r\n" {
					break
				}
				s.data += strings.TrimPrefix(line, ".")
			}
			fmt.Fprint(conn, "250 taken\r\n")
		case verb == "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func message(server string) actions.Email {
	return actions.Email{
		Server: server, TLS: "auto", From: "me@example.org", User: "me@example.org", To: []string{"you@example.org", "Two <two@example.org>"},
		CC: []string{"cc@example.org"}, BCC: []string{"bcc@example.org"}, ReplyTo: []string{"a@example.org", "b@example.org"},
		Subject: "Grüße", Body: "text ä", HTML: "<b>html</b>",
		Attachments: []actions.Attachment{{Name: "a.bin", Type: "application/x-thing", Content: []byte{0, 1, 255}}},
	}
}

func TestSend(t *testing.T) {
	s := newServer(t, false, false)
	if err := email.Send(t.Context(), dial, message(s.address)); err != nil {
		t.Fatal(err)
	}
	<-s.done
	var rcpt []string
	for _, c := range s.commands {
		if strings.HasPrefix(c, "RCPT TO:") {
			rcpt = append(rcpt, strings.Fields(c[8:])[0])
		}
	}
	if got := strings.Join(rcpt, " "); got != "<you@example.org> <two@example.org> <cc@example.org> <bcc@example.org>" {
		t.Error(got)
	}
	m, err := mail.ReadMessage(strings.NewReader(s.data))
	if err != nil {
		t.Fatal(err)
	}
	if subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); subject != "Grüße" {
		t.Error(subject)
	}
	if m.Header.Get("Bcc") != "" || strings.Contains(s.data, "bcc@") {
		t.Error("the blind copies are named")
	}
	if got := m.Header.Get("Reply-To"); !strings.Contains(got, "a@example.org") || !strings.Contains(got, "b@example.org") {
		t.Error(got)
	}
	parts := map[string]string{}
	leaves(t, m.Header.Get("Content-Type"), m.Body, "", parts)
	if parts["text/plain"] != "text ä" || parts["text/html"] != "<b>html</b>" || parts["application/x-thing"] != "\x00\x01\xff" {
		t.Errorf("%q", parts)
	}
}

// leaves collects the parts of a message by media type.
func leaves(t *testing.T, contentType string, body io.Reader, encoding string, to map[string]string) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		for r := multipart.NewReader(body, params["boundary"]); ; {
			p, err := r.NextPart() // decodes quoted-printable
			if err != nil {
				return
			}
			leaves(t, p.Header.Get("Content-Type"), p, p.Header.Get("Content-Transfer-Encoding"), to)
		}
	}
	if encoding == "base64" {
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	to[kind] = strings.TrimRight(string(text), "\r\n")
}

func TestTLS(t *testing.T) {
	for _, tc := range []struct {
		name               string
		starttls, implicit bool
		change             func(*actions.Email, *smtpServer)
		secure             bool
		err                string
	}{
		{"STARTTLS is taken where it is offered", true, false, func(m *actions.Email, s *smtpServer) { m.CACert = s.caCert }, true, ""},
		{"a password", true, false, func(m *actions.Email, s *smtpServer) { m.CACert, m.Password = s.caCert, "planted-password" }, true, ""},
		{"a wrong password", true, false, func(m *actions.Email, s *smtpServer) { m.CACert, m.Password = s.caCert, "planted-other" }, true, "535"},
		{"no password in the clear", false, false, func(m *actions.Email, s *smtpServer) { m.Password = "planted-password" }, false, "STARTTLS"},
		{"STARTTLS that is not there", false, false, func(m *actions.Email, s *smtpServer) { m.TLS = "starttls" }, false, "STARTTLS"},
		{"STARTTLS not taken", true, false, func(m *actions.Email, s *smtpServer) { m.TLS = "none" }, false, ""},
		{"TLS from the start", false, true, func(m *actions.Email, s *smtpServer) { m.TLS, m.CACert = "implicit", s.caCert }, true, ""},
		{"an unknown certificate", true, false, func(m *actions.Email, s *smtpServer) {}, true, "certificate"},
		{"any certificate", true, false, func(m *actions.Email, s *smtpServer) { m.Insecure = true }, true, ""},
		{"somebody who is not there", false, false, func(m *actions.Email, s *smtpServer) { m.To = []string{"nobody@example.org"} }, false, "550"},
		{"no address", false, false, func(m *actions.Email, s *smtpServer) { m.To = []string{"nobody at all"} }, false, "to_addrs"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newServer(t, tc.starttls, tc.implicit)
			m := message(s.address)
			tc.change(&m, s)
			err := email.Send(t.Context(), dial, m)
			if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Fatalf("%v, want %q", err, tc.err)
			}
			if err != nil {
				if strings.Contains(err.Error(), "planted") {
					t.Error("the password is in the error:", err)
				}
				return
			}
			<-s.done
			if s.secure != tc.secure || !strings.Contains(s.data, "Subject:") {
				t.Errorf("secure %v, data %q", s.secure, s.data)
			}
		})
	}
}

func TestSendStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := email.Send(ctx, dial, message("127.0.0.1:1")); err != context.Canceled {
		t.Error(err)
	}
}
