package ssh

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/sirocco-workflows/sirocco/shared/actions"
)

// checker checks host keys. A zero one accepts any.
type checker struct {
	known    ssh.HostKeyCallback
	callback ssh.HostKeyCallback
}

// hostKeys reads a command's known hosts.
func hostKeys(c actions.SSHCommand) (checker, error) {
	if c.AnyHostKey {
		return checker{callback: ssh.InsecureIgnoreHostKey()}, nil //nolint:gosec // the user asked for it
	}
	known, err := parseKnownHosts(c.KnownHosts)
	if err != nil {
		return checker{}, fmt.Errorf("the known hosts can't be read: %w", err)
	}
	return checker{known: known, callback: func(host string, remote net.Addr, key ssh.PublicKey) error {
		err := known(host, remote, key)
		var unknown *knownhosts.KeyError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &unknown) && len(unknown.Want) == 0:
			return fmt.Errorf("no key of %s is known; its key is %s %s: give it in known_hosts, or any_host_key=true", host, key.Type(), ssh.FingerprintSHA256(key))
		case errors.As(err, &unknown):
			return fmt.Errorf("the key of %s is not the known one; it is %s %s", host, key.Type(), ssh.FingerprintSHA256(key))
		default:
			return err
		}
	}}, nil
}

// parseKnownHosts reads the text of a known_hosts file. The library reads files
// only, so it gets one for a moment.
func parseKnownHosts(text string) (ssh.HostKeyCallback, error) {
	f, err := os.CreateTemp("", "known_hosts")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(bytes.TrimSpace([]byte(text)), '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return knownhosts.New(f.Name())
}

// order asks a host for keys of the types that are known of it: a host has
// several, and one that is not known would be refused.
func (c checker) order(config *ssh.ClientConfig, host string) *ssh.ClientConfig {
	if c.known == nil {
		return config
	}
	err := c.known(withPort(host), &net.TCPAddr{}, noKey{})
	var known *knownhosts.KeyError
	if errors.As(err, &known) {
		for _, k := range known.Want {
			config.HostKeyAlgorithms = append(config.HostKeyAlgorithms, algorithms(k.Key.Type())...)
		}
		slices.Sort(config.HostKeyAlgorithms)
		config.HostKeyAlgorithms = slices.Compact(config.HostKeyAlgorithms)
	}
	return config
}

// algorithms are those that a key of a type signs with.
func algorithms(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA}
	}
	return []string{keyType}
}

// noKey is a key that is no host's, to ask for those that are known.
type noKey struct{}

// Type implements ssh.PublicKey.
func (noKey) Type() string { return "none" }

// Marshal implements ssh.PublicKey.
func (noKey) Marshal() []byte { return []byte("none") }

// Verify implements ssh.PublicKey.
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }
