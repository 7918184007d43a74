package openstack

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// cloudSettings are a configured cloud's settings for one region of it.
type cloudSettings struct {
	name      string
	url       authURL
	creds     Credentials
	region    string // the default, or the one asked for
	iface     string // "" means public
	tls       tlsOptions
	overrides map[string]string // official service type -> URL
}

// resolve gives the settings of a cloud for a region; an empty region takes the
// cloud's default: OS_REGION_NAME on the default cloud, its region_name, or the
// first of its regions. A region that the cloud's list does not have is no
// error here: the catalog knows better.
func (c *CloudsConfig) resolve(name, region string) (*cloudSettings, error) {
	own, ok := c.clouds[name]
	if !ok {
		names := c.Names()
		if len(names) == 0 {
			return nil, invalid("cloud %q is not configured, and no cloud is: write a clouds.yaml", name)
		}
		return nil, invalid("cloud %q is not configured; there are %s%s", name, strings.Join(names, ", "), didYouMean(name, names))
	}
	d := normaliseKeys(own)
	profile := cmp.Or(d.text("profile"), d.text("cloud"))
	if p, ok := c.public[profile]; ok && profile != "" {
		d = mergeDeep(normaliseKeys(p), d)
	}
	delete(d, "cloud")
	if name == c.fallback {
		c.overlayEnvironment(d)
	}
	regions, err := d.regions()
	if err != nil {
		return nil, invalid("cloud %q: %v", name, err)
	}
	region = cmp.Or(region, d.regionName())
	if region == "" && len(regions) > 0 {
		region = regions[0].name
	}
	for _, r := range regions {
		if r.name == region {
			d = mergeDeep(d, r.values)
		}
	}
	d["region_name"] = region
	s := &cloudSettings{name: name, region: region}
	if err := s.read(d, c.home); err != nil {
		if profile != "" && c.public[profile] == nil {
			err = fmt.Errorf("%w (its profile %q is in no clouds-public.yaml)", err, profile)
		}
		return nil, invalid("cloud %q: %v", name, err)
	}
	return s, nil
}

// Regions lists the regions that the configuration of a cloud names, in
// its order.
func (c *CloudsConfig) Regions(name string) []string {
	d := normaliseKeys(c.clouds[name])
	regions, err := d.regions()
	if err != nil || len(regions) == 0 {
		return slices.DeleteFunc([]string{d.regionName()}, func(s string) bool { return s == "" })
	}
	var out []string
	for _, r := range regions {
		out = append(out, r.name)
	}
	return out
}

// overlayEnvironment lays the variables over the default cloud that say where
// and how to connect; who connects comes whole from one place.
func (c *CloudsConfig) overlayEnvironment(d dict) {
	for variable, key := range map[string]string{
		"OS_REGION_NAME": "region_name",
		"OS_CACERT":      "cacert",
		"OS_CERT":        "cert",
		"OS_KEY":         "key",
		"OS_INSECURE":    "insecure",
	} {
		if v := c.env[variable]; v != "" {
			d[key] = v
		}
	}
	if v := cmp.Or(c.env["OS_INTERFACE"], c.env["OS_ENDPOINT_TYPE"]); v != "" {
		d["interface"] = v
		delete(d, "endpoint_type")
	}
}

// normaliseKeys copies a mapping with underscores in place of dashes.
func normaliseKeys(d dict) dict {
	out := make(dict, len(d))
	for k, v := range d {
		if sub, ok := v.(dict); ok {
			v = normaliseKeys(sub)
		}
		out[strings.ReplaceAll(k, "-", "_")] = v
	}
	return out
}

func (d dict) text(key string) string {
	switch v := d[key].(type) {
	case string:
		return v
	case bool:
		return map[bool]string{true: "True", false: "False"}[v]
	default:
		return ""
	}
}

// flag reads a boolean, also one that is written as YAML 1.1 or a shell does.
func (d dict) flag(key string, absent bool) bool {
	switch v := d[key].(type) {
	case bool:
		return v
	case string:
		switch strings.ToLower(v) {
		case "true", "yes", "on", "1", "y", "t":
			return true
		case "false", "no", "off", "0", "n", "f":
			return false
		}
	}
	return absent
}

type regionEntry struct {
	name   string
	values dict
}

// regions reads `regions:`, a list of names or of {name, values}. A region_name
// that lists several, separated by commas, is the older form of it.
func (d dict) regions() ([]regionEntry, error) {
	var out []regionEntry
	list, ok := d["regions"].([]any)
	if !ok {
		if d["regions"] != nil {
			return nil, fmt.Errorf("regions is no list")
		}
		if list, ok = d["region_name"].([]any); !ok {
			for name := range strings.SplitSeq(d.text("region_name"), ",") {
				list = append(list, strings.TrimSpace(name))
			}
			if len(list) == 1 {
				return nil, nil
			}
		}
	}
	for _, e := range list {
		switch e := e.(type) {
		case string:
			out = append(out, regionEntry{name: e})
		case dict:
			values, ok := e["values"].(dict)
			if e.text("name") == "" || !ok && e["values"] != nil {
				return nil, fmt.Errorf("a region is a name, or a mapping with name and values")
			}
			values = normaliseKeys(values)
			for k, v := range values {
				if v == nil {
					delete(values, k)
				}
			}
			out = append(out, regionEntry{e.text("name"), values})
		default:
			return nil, fmt.Errorf("a region is a name, or a mapping with name and values")
		}
	}
	return out, nil
}

// regionName is the single region that is named, "" if a list is.
func (d dict) regionName() string {
	if name := d.text("region_name"); !strings.Contains(name, ",") {
		return name
	}
	return ""
}

// read fills in the settings from a cloud's merged mapping.
func (s *cloudSettings) read(d dict, home string) error {
	if v := d.text("identity_api_version"); strings.HasPrefix(v, "2") {
		return fmt.Errorf("identity_api_version %s: only Keystone's version 3 is spoken", v)
	}
	auth, _ := d["auth"].(dict)
	field := func(names ...string) string {
		for _, n := range names {
			if v := cmp.Or(auth.text(n), d.text(n)); v != "" {
				return v
			}
		}
		return ""
	}
	raw := expandKeys(field("auth_url"), d)
	if raw == "" {
		return fmt.Errorf("it has no auth_url")
	}
	var err error
	if s.url, err = parseAuthURL(raw); err != nil {
		return fmt.Errorf("its auth_url %w", err)
	}
	if iface := cmp.Or(d.text("endpoint_type"), d.text("interface")); iface != "" {
		if s.iface, err = interfaceName(iface); err != nil {
			return err
		}
	}
	if s.creds, err = credentialsOf(cmp.Or(d.text("auth_type"), d.text("auth_plugin")), field); err != nil {
		return err
	}
	s.overrides = map[string]string{}
	for k := range d {
		if service, ok := strings.CutSuffix(k, "_endpoint_override"); ok && d.text(k) != "" {
			s.overrides[OfficialType(service)] = expandKeys(d.text(k), d)
		}
	}
	return s.readTLS(d, home)
}

func (s *cloudSettings) readTLS(d dict, home string) error {
	s.tls.insecure = d.flag("insecure", false) || !d.flag("verify", true)
	if ca := d.text("cacert"); ca != "" && !s.tls.insecure {
		var err error
		if s.tls.caPEM, err = readCA(ca, home); err != nil {
			return err
		}
	}
	if cert := d.text("cert"); cert != "" {
		s.tls.cert = expandHome(cert, home)
		if key := d.text("key"); key != "" {
			s.tls.key = expandHome(key, home)
		}
	}
	return nil
}

// expandKeys fills {region_name} and other settings into a URL, as profiles of
// clouds with one Keystone per region need.
func expandKeys(s string, d dict) string {
	for k, v := range d {
		if v, ok := v.(string); ok && k != "password" && strings.Contains(s, "{"+k+"}") {
			s = strings.ReplaceAll(s, "{"+k+"}", v)
		}
	}
	return s
}

// credentialsOf builds credentials as the auth_type says; without one, or with
// the general "password", as the fields that are there say.
func credentialsOf(authType string, field func(...string) string) (Credentials, error) {
	c := Credentials{
		Token:                       field("token", "auth_token"),
		Username:                    field("username", "user_name"),
		UserID:                      field("user_id"),
		Password:                    field("password"),
		UserDomainID:                field("user_domain_id"),
		UserDomainName:              field("user_domain_name"),
		ApplicationCredentialID:     field("application_credential_id"),
		ApplicationCredentialName:   field("application_credential_name"),
		ApplicationCredentialSecret: field("application_credential_secret"),
		ProjectID:                   field("project_id", "tenant_id"),
		ProjectName:                 field("project_name", "tenant_name"),
		ProjectDomainID:             field("project_domain_id"),
		ProjectDomainName:           field("project_domain_name"),
		DomainID:                    field("domain_id"),
		DomainName:                  field("domain_name"),
		SystemScope:                 field("system_scope"),
		TrustID:                     field("trust_id"),
	}
	c.spreadDomains(field)
	kind := ""
	switch authType = strings.ToLower(authType); authType {
	case "", "password", "v3password":
		switch {
		case c.Password != "":
			kind = "password"
		case c.ApplicationCredentialSecret != "":
			kind = "application_credential"
		case c.Token != "":
			kind = "token"
		}
	case "token", "v3token":
		kind = "token"
	case "v3applicationcredential":
		kind = "application_credential"
	default:
		return Credentials{}, fmt.Errorf("auth_type %q is not supported: there are password, token and v3applicationcredential", authType)
	}
	return c.only(kind), nil
}

// spreadDomains: a domain that is given once holds for user and project; only
// without a project is it the scope.
func (c *Credentials) spreadDomains(field func(...string) string) {
	id, name := c.DomainID, c.DomainName
	if c.ProjectID != "" || c.ProjectName != "" {
		c.DomainID, c.DomainName = "", ""
	}
	if id == "" && name == "" {
		id, name = field("default_domain_id", "default_domain"), field("default_domain_name")
	}
	if c.UserDomainID == "" && c.UserDomainName == "" {
		c.UserDomainID, c.UserDomainName = id, name
	}
	if c.ProjectName != "" && c.ProjectDomainID == "" && c.ProjectDomainName == "" {
		c.ProjectDomainID, c.ProjectDomainName = id, name
	}
}

// only keeps the fields of one kind and the scope.
func (c Credentials) only(kind string) Credentials {
	if kind != "token" {
		c.Token = ""
	}
	if kind != "password" {
		c.Password = ""
	}
	if kind != "application_credential" {
		c.ApplicationCredentialID, c.ApplicationCredentialName, c.ApplicationCredentialSecret = "", "", ""
	}
	if kind == "token" || kind == "application_credential" && c.ApplicationCredentialID != "" {
		c.Username, c.UserID, c.UserDomainID, c.UserDomainName = "", "", "", ""
	}
	return c
}
