// Package ssh runs the commands of std.ssh and std.ssh_proxied. It is a package
// of its own so that a function without them does not link it.
//
// Host keys are checked against the known hosts of the command, in the form of a
// known_hosts file (sshd(8)), unless it says that any is accepted. The
// connection is made by the dialer that the caller gives, so the rules of where
// a program may connect hold here, too; behind a gateway, it is the gateway that
// connects.
package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sirocco-workflows/sirocco/shared/actions"
)

const handshakeTimeout = 30 * time.Second

// Run runs a command on a host. A command that ran has a result, whatever its
// exit status; the error is of what kept it from running. It holds no password
// and no key.
func Run(ctx context.Context, dial actions.Dial, c actions.SSHCommand) (actions.SSHResult, error) {
	auth, err := methods(c)
	if err != nil {
		return actions.SSHResult{}, err
	}
	check, err := hostKeys(c)
	if err != nil {
		return actions.SSHResult{}, err
	}
	config := func(user string) *ssh.ClientConfig {
		return &ssh.ClientConfig{User: user, Auth: auth, HostKeyCallback: check.callback, Timeout: handshakeTimeout}
	}
	if c.Gateway != "" {
		gateway, err := connect(ctx, dial, c.Gateway, check.order(config(c.GatewayUser), c.Gateway))
		if err != nil {
			return actions.SSHResult{}, fmt.Errorf("gateway %s: %w", c.Gateway, err)
		}
		defer gateway.Close()
		dial = gateway.DialContext
	}
	client, err := connect(ctx, dial, c.Host, check.order(config(c.User), c.Host))
	if err != nil {
		return actions.SSHResult{}, err
	}
	defer client.Close()
	return execute(ctx, client, c)
}

// connect dials and shakes hands. The context's end closes the connection.
func connect(ctx context.Context, dial actions.Dial, host string, config *ssh.ClientConfig) (*ssh.Client, error) {
	address := withPort(host)
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(handshakeTimeout)) // a tunnel has none; then the context must do
	c, channels, requests, err := ssh.NewClientConn(conn, address, config)
	if err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	return ssh.NewClient(c, channels, requests), nil
}

// withPort adds SSH's port to a host without one.
func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), "22")
}

// errTooMuch is of a command whose output is over the limit.
var errTooMuch = errors.New("the command's output is too large")

// limited keeps what is written up to a number of bytes, and fails beyond.
type limited struct {
	text bytes.Buffer // not embedded: its ReadFrom would go past Write
	left int64
	stop func() // called when there is too much
}

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		l.stop()
		return 0, errTooMuch
	}
	return l.text.Write(p)
}

// execute runs the command in a session of its own.
func execute(ctx context.Context, client *ssh.Client, c actions.SSHCommand) (actions.SSHResult, error) {
	session, err := client.NewSession()
	if err != nil {
		return actions.SSHResult{}, err
	}
	defer session.Close()
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer stop()
	closed := func() { _ = client.Close() } // else the command would be waited for
	stdout, stderr := &limited{left: c.MaxOutput, stop: closed}, &limited{left: c.MaxOutput, stop: closed}
	session.Stdout, session.Stderr = stdout, stderr
	err = session.Run(c.Command)
	result := actions.SSHResult{Stdout: stdout.text.String(), Stderr: stderr.text.String()}
	var exit *ssh.ExitError
	switch {
	case stdout.left < 0 || stderr.left < 0:
		return result, fmt.Errorf("%w (limit=%d bytes)", errTooMuch, c.MaxOutput)
	case ctx.Err() != nil:
		return result, ctx.Err()
	case errors.As(err, &exit):
		result.ExitCode = exit.ExitStatus()
		return result, nil
	default:
		return result, err
	}
}

// methods are the ways to log in: the key, then the password, which also opens
// a key that is locked.
func methods(c actions.SSHCommand) ([]ssh.AuthMethod, error) {
	var out []ssh.AuthMethod
	if c.PrivateKey != "" {
		signer, err := ssh.ParsePrivateKey([]byte(c.PrivateKey))
		var locked *ssh.PassphraseMissingError
		if errors.As(err, &locked) && c.Password != "" {
			signer, err = ssh.ParsePrivateKeyWithPassphrase([]byte(c.PrivateKey), []byte(c.Password))
		}
		if err != nil {
			return nil, fmt.Errorf("the private key can't be read: %w", err)
		}
		out = append(out, ssh.PublicKeys(signer))
	}
	if c.Password != "" {
		out = append(out, ssh.Password(c.Password), ssh.KeyboardInteractive(
			func(_, _ string, questions []string, _ []bool) ([]string, error) {
				answers := make([]string, len(questions))
				for i := range answers {
					answers[i] = c.Password
				}
				return answers, nil
			}))
	}
	return out, nil
}
