package ssh_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	gossh "golang.org/x/crypto/ssh"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/actions/ssh"
)

// host is an SSH server that runs nothing: "echo X" writes X, "fail" fails, "flood"
// writes without end, "hang" says nothing. It also forwards connections.
type host struct {
	address string
	known   string // its line of known_hosts
	config  *gossh.ServerConfig
}

func newHost(t *testing.T, key gossh.PublicKey) *host {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := gossh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	h := &host{config: &gossh.ServerConfig{
		PasswordCallback: func(c gossh.ConnMetadata, password []byte) (*gossh.Permissions, error) {
			if c.User() == "user" && string(password) == "planted-password" {
				return nil, nil
			}
			return nil, fmt.Errorf("no")
		},
		PublicKeyCallback: func(c gossh.ConnMetadata, got gossh.PublicKey) (*gossh.Permissions, error) {
			if key != nil && string(got.Marshal()) == string(key.Marshal()) {
				return nil, nil
			}
			return nil, fmt.Errorf("no")
		},
	}}
	h.config.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	h.address = l.Addr().String()
	name, port, _ := net.SplitHostPort(h.address)
	h.known = fmt.Sprintf("[%s]:%s %s", name, port, gossh.MarshalAuthorizedKey(signer.PublicKey()))
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go h.serve(conn)
		}
	}()
	return h
}

func (h *host) serve(conn net.Conn) {
	defer conn.Close()
	_, channels, requests, err := gossh.NewServerConn(conn, h.config)
	if err != nil {
		return
	}
	go gossh.DiscardRequests(requests)
	for ch := range channels {
		switch ch.ChannelType() {
		case "session":
			c, requests, err := ch.Accept()
			if err == nil {
				go session(c, requests)
			}
		case "direct-tcpip":
			var to struct {
				Host       string
				Port       uint32
				From       string
				SourcePort uint32
			}
			if gossh.Unmarshal(ch.ExtraData(), &to) != nil {
				return
			}
			out, err := net.Dial("tcp", net.JoinHostPort(to.Host, fmt.Sprint(to.Port)))
			if err != nil {
				_ = ch.Reject(gossh.ConnectionFailed, "no")
				continue
			}
			c, requests, err := ch.Accept()
			if err != nil {
				return
			}
			go gossh.DiscardRequests(requests)
			go func() { _, _ = io.Copy(out, c); out.Close() }()
			go func() { _, _ = io.Copy(c, out); c.Close() }()
		}
	}
}

func session(c gossh.Channel, requests <-chan *gossh.Request) {
	for r := range requests {
		if r.Type != "exec" {
			_ = r.Reply(false, nil)
			continue
		}
		_ = r.Reply(true, nil)
		command := string(r.Payload[4:])
		status := uint32(0)
		switch verb, rest, _ := strings.Cut(command, " "); verb {
		case "echo":
			fmt.Fprintln(c, rest)
		case "fail":
			fmt.Fprint(c, "out")
			fmt.Fprint(c.Stderr(), "wrong")
			status = 3
		case "flood":
			for {
				if _, err := c.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		case "hang":
			continue
		}
		_, _ = c.SendRequest("exit-status", false, gossh.Marshal(struct{ Status uint32 }{status}))
		c.Close()
	}
}

func newKey(t *testing.T, passphrase string) (text string, public gossh.PublicKey) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := gossh.MarshalPrivateKey(private, "")
	if passphrase != "" {
		block, err = gossh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	signer, err := gossh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), signer.PublicKey()
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func TestRun(t *testing.T) {
	key, public := newKey(t, "")
	locked, lockedPublic := newKey(t, "planted-password")
	h, other, lockedHost := newHost(t, public), newHost(t, nil), newHost(t, lockedPublic)
	base := actions.SSHCommand{Command: "echo hello", Host: h.address, User: "user", Password: "planted-password", KnownHosts: h.known, MaxOutput: 1 << 20}
	for _, tc := range []struct {
		name   string
		change func(*actions.SSHCommand)
		want   actions.SSHResult
		err    string
	}{
		{"a password", func(c *actions.SSHCommand) {}, actions.SSHResult{Stdout: "hello\n"}, ""},
		{"a key", func(c *actions.SSHCommand) { c.Password, c.PrivateKey = "", key }, actions.SSHResult{Stdout: "hello\n"}, ""},
		{"a locked key", func(c *actions.SSHCommand) {
			c.Host, c.KnownHosts, c.User, c.PrivateKey = lockedHost.address, lockedHost.known, "x", locked
		}, actions.SSHResult{Stdout: "hello\n"}, ""},
		{"a failing command", func(c *actions.SSHCommand) { c.Command = "fail" }, actions.SSHResult{Stdout: "out", Stderr: "wrong", ExitCode: 3}, ""},
		{"a wrong password", func(c *actions.SSHCommand) { c.Password = "planted-other" }, actions.SSHResult{}, "unable to authenticate"},
		{"no key at all", func(c *actions.SSHCommand) { c.PrivateKey = "planted-key" }, actions.SSHResult{}, "the private key can't be read"},
		{"an unknown host", func(c *actions.SSHCommand) { c.KnownHosts = other.known }, actions.SSHResult{}, "no key of " + h.address + " is known"},
		{"another host's key", func(c *actions.SSHCommand) {
			name, _, _ := strings.Cut(h.known, " ")
			_, key, _ := strings.Cut(other.known, " ")
			c.KnownHosts = name + " " + key
		}, actions.SSHResult{}, "is not the known one"},
		{"any host key", func(c *actions.SSHCommand) { c.KnownHosts, c.AnyHostKey = "", true }, actions.SSHResult{Stdout: "hello\n"}, ""},
		{"known hosts that are none", func(c *actions.SSHCommand) { c.KnownHosts = "nonsense" }, actions.SSHResult{}, "the known hosts can't be read"},
		{"too much", func(c *actions.SSHCommand) { c.Command, c.MaxOutput = "flood", 1000 }, actions.SSHResult{}, "too large (limit=1000 bytes)"},
		{"by way of a gateway", func(c *actions.SSHCommand) {
			c.Gateway, c.GatewayUser, c.KnownHosts = other.address, "user", h.known+other.known
		}, actions.SSHResult{Stdout: "hello\n"}, ""},
		{"a gateway that is not known", func(c *actions.SSHCommand) { c.Gateway, c.GatewayUser = other.address, "user" }, actions.SSHResult{}, "gateway " + other.address},
		{"a host that the gateway can't reach", func(c *actions.SSHCommand) {
			c.Gateway, c.GatewayUser, c.KnownHosts, c.Host = other.address, "user", h.known+other.known, "127.0.0.1:1"
		}, actions.SSHResult{}, "connect"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := base
			tc.change(&c)
			got, err := ssh.Run(t.Context(), dial, c)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "planted") {
					t.Errorf("%v, want %q", err, tc.err)
				}
				return
			}
			if err != nil || got != tc.want {
				t.Errorf("%+v %v, want %+v", got, err, tc.want)
			}
		})
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	h := newHost(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	dialed := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return &stopper{Conn: conn, stop: cancel}, err
	}
	_, err := ssh.Run(ctx, dialed, actions.SSHCommand{Command: "hang", Host: h.address, User: "user", Password: "planted-password", AnyHostKey: true, MaxOutput: 10})
	if err == nil || ctx.Err() == nil {
		t.Error(err)
	}
}

// stopper ends the context once some requests have gone out.
type stopper struct {
	net.Conn
	writes int
	stop   func()
}

func (s *stopper) Write(p []byte) (int, error) {
	if s.writes++; s.writes == 8 {
		s.stop()
	}
	return s.Conn.Write(p)
}
