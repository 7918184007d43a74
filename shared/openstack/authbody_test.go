package openstack

import (
	"testing"

	"pgregory.net/rapid"
)

// TestNamedTwice: gophercloud refuses credentials that name a thing twice, as a
// clouds.yaml may; we send the first name that is good.
func TestNamedTwice(t *testing.T) {
	const user = `"identity":{"methods":["password"],"password":{"user":{"id":"u","password":"pw"}}}`
	for _, c := range []struct {
		what  string
		creds Credentials
		want  string
	}{
		{"a user's domain beside the id", Credentials{UserID: "u", UserDomainID: "D", DomainName: "E", Password: "pw", ProjectID: "P"},
			`{"auth":{` + user + `,"scope":{"project":{"id":"P"}}}}`},
		{"domains by id and name", Credentials{Username: "n", UserDomainID: "D", UserDomainName: "E", Password: "pw", ProjectName: "p", ProjectDomainID: "F", ProjectDomainName: "G"},
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"domain":{"id":"D"},"name":"n","password":"pw"}}},"scope":{"project":{"domain":{"id":"F"},"name":"p"}}}}`},
		{"a project by id and name", Credentials{UserID: "u", Password: "pw", ProjectID: "P", ProjectName: "p", ProjectDomainID: "F"},
			`{"auth":{` + user + `,"scope":{"project":{"id":"P"}}}}`},
		{"a domain by id and name", Credentials{UserID: "u", Password: "pw", DomainID: "D", DomainName: "E"},
			`{"auth":{` + user + `,"scope":{"domain":{"id":"D"}}}}`},
		{"trust and system", Credentials{UserID: "u", Password: "pw", TrustID: "T", SystemScope: "all"},
			`{"auth":{` + user + `,"scope":{"OS-TRUST:trust":{"id":"T"}}}}`},
		{"an application credential by id and name", Credentials{ApplicationCredentialID: "a", ApplicationCredentialName: "n", ApplicationCredentialSecret: "s", UserID: "u"},
			`{"auth":{"identity":{"application_credential":{"id":"a","secret":"s"},"methods":["application_credential"]}}}`},
		{"a token and a user's domain", Credentials{Token: "t", UserDomainName: "D", DomainID: "E"},
			`{"auth":{"identity":{"methods":["token"],"token":{"id":"t"}},"scope":{"domain":{"id":"E"}}}}`},
	} {
		t.Run(c.what, func(t *testing.T) {
			body, err := authBody(&c.creds)
			if err != nil {
				t.Fatal(err)
			}
			if got := mustJSON(t, body); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestValidCredentialsHaveABody: nothing that Validate lets through is refused
// by gophercloud, and the body has a scope exactly when one is asked for.
func TestValidCredentialsHaveABody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]Credentials{
			{Token: "t"}, {Password: "pw"}, {ApplicationCredentialSecret: "s"},
		}).Draw(t, "form")
		for _, part := range []*string{
			&c.Username, &c.UserID, &c.UserDomainID, &c.UserDomainName,
			&c.ApplicationCredentialID, &c.ApplicationCredentialName,
			&c.ProjectID, &c.ProjectName, &c.ProjectDomainID, &c.ProjectDomainName,
			&c.DomainID, &c.DomainName, &c.TrustID,
		} {
			if rapid.Bool().Draw(t, "given") {
				*part = "x"
			}
		}
		if rapid.Bool().Draw(t, "system") {
			c.SystemScope = "all"
		}
		if c.ApplicationCredentialSecret == "" {
			c.ApplicationCredentialID, c.ApplicationCredentialName = "", ""
		}
		if c.Token != "" {
			c.Username, c.UserID = "", ""
		}
		if c.Validate() != nil {
			t.Skip("lacks a part")
		}
		body, err := authBody(&c)
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		auth, _ := body["auth"].(map[string]any)
		if _, ok := auth["scope"]; ok != (c.hasScope() && c.Kind() != "application_credential") {
			t.Fatalf("%s: scope %v", c, auth["scope"])
		}
		identity, _ := auth["identity"].(map[string]any)
		if _, ok := identity[c.Kind()]; !ok || len(identity) != 2 {
			t.Fatalf("%s: identity %v", c, identity)
		}
	})
}
