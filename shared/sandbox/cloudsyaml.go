package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// CloudsYAML returns a clouds.yaml with one entry per cloud, called like it: the
// user demo with its password in the project demo. The regions are not named
// there: they are in the catalog. A TLS sandbox's entries say "verify: false"
// here, as its CA has no file; [Sandbox.WriteCloudsYAML] gives it one.
func (s *Sandbox) CloudsYAML() string { return s.cloudsYAML(false, "") }

// AllCloudsYAML returns CloudsYAML with two more entries per cloud: NAME-admin
// (the user admin in the project admin) and NAME-appcred (the user demo by an
// application credential).
func (s *Sandbox) AllCloudsYAML() string { return s.cloudsYAML(true, "") }

// WriteCloudsYAML writes [Sandbox.CloudsYAML] to a file that only its owner can
// read, and for a TLS sandbox the CA beside it as sandbox-ca.pem.
func (s *Sandbox) WriteCloudsYAML(path string) error {
	caFile := ""
	if s.ca != nil {
		abs, err := filepath.Abs(filepath.Join(filepath.Dir(path), "sandbox-ca.pem"))
		if err != nil {
			return fmt.Errorf("sandbox: place of the CA file: %w", err)
		}
		if err := os.WriteFile(abs, s.ca, 0o644); err != nil {
			return fmt.Errorf("sandbox: write the CA: %w", err)
		}
		caFile = abs
	}
	if err := os.WriteFile(path, []byte(s.cloudsYAML(false, caFile)), 0o600); err != nil {
		return fmt.Errorf("sandbox: write clouds.yaml: %w", err)
	}
	return nil
}

func (s *Sandbox) cloudsYAML(all bool, caFile string) string {
	var b strings.Builder
	b.WriteString("clouds:\n")
	tail := "    identity_api_version: 3\n"
	switch {
	case caFile != "":
		tail += fmt.Sprintf("    cacert: %q\n", caFile)
	case s.ca != nil:
		tail += "    verify: false\n"
	}
	for _, c := range s.order {
		password := func(suffix, user string) {
			fmt.Fprintf(&b, "  %s:\n    auth:\n      auth_url: %s\n      username: %s\n      password: %q\n"+
				"      project_name: %s\n      user_domain_name: Default\n      project_domain_name: Default\n%s",
				c.name+suffix, s.AuthURL(c.name), user, c.opts.Password, user, tail)
		}
		password("", "demo")
		if !all {
			continue
		}
		password("-admin", "admin")
		id, secret := s.AppCredential(c.name)
		fmt.Fprintf(&b, "  %s-appcred:\n    auth_type: v3applicationcredential\n    auth:\n      auth_url: %s\n"+
			"      application_credential_id: %s\n      application_credential_secret: %s\n%s",
			c.name, s.AuthURL(c.name), id, secret, tail)
	}
	return b.String()
}

// Password returns the password of the users demo, admin and other of a cloud.
func (s *Sandbox) Password(cloud string) string {
	if c := s.clouds[cloud]; c != nil {
		return c.opts.Password
	}
	return ""
}
