package openstack

import "encoding/json"

// ParseResolved reads stored credentials: a JSON object with the members of
// [Credentials] and besides them auth_url, region, interface, cacert (PEM) and
// insecure. ref names them in the error, an [InvalidInput]; the decoder's own is
// not shown, as it may quote what it could not read.
func ParseResolved(ref string, text []byte) (Resolved, error) {
	var secret struct {
		Credentials
		AuthURL   string `json:"auth_url"`
		Region    string `json:"region"`
		Interface string `json:"interface"`
		CACert    string `json:"cacert"`
		Insecure  bool   `json:"insecure"`
	}
	if json.Unmarshal(text, &secret) != nil {
		return Resolved{}, invalid("what ref %q stands for is not credentials as JSON", ref)
	}
	return Resolved{
		Credentials: secret.Credentials, AuthURL: secret.AuthURL, Region: secret.Region,
		Interface: secret.Interface, CACert: secret.CACert, Insecure: secret.Insecure,
	}, nil
}
