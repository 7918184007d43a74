package openstack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// layout unpacks files into a directory with cwd/, home/ and etc/, and loads
// from there with these variables. $ROOT in a variable is the directory.
func loadFrom(t *testing.T, files string, env ...string) (*CloudsConfig, error) {
	t.Helper()
	root := t.TempDir()
	for _, f := range txtar.Parse([]byte(files)).Files {
		path := filepath.Join(root, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(f.Data), "$ROOT", root)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range env {
		env[i] = strings.ReplaceAll(env[i], "$ROOT", root)
	}
	return LoadClouds(LoadOptions{
		Environ: append([]string{"HOME=" + root + "/home"}, env...),
		Dir:     filepath.Join(root, "cwd"), Site: filepath.Join(root, "etc"),
	})
}

// sum is what a test says of a cloud, in one line.
func (s *cloudSettings) sum() string {
	parts := []string{s.url.v3()}
	for _, f := range []struct{ name, v string }{
		{"region", s.region}, {"interface", s.iface}, {"ca", s.tls.caPEM}, {"cert", s.tls.cert}, {"key", s.tls.key},
	} {
		if f.v != "" {
			parts = append(parts, f.name+"="+strings.TrimSpace(f.v))
		}
	}
	if s.tls.insecure {
		parts = append(parts, "insecure")
	}
	for _, a := range s.creds.fields() {
		v := a.Value.String()
		switch a.Key {
		case "password":
			v = s.creds.Password
		case "token":
			v = s.creds.Token
		case "application_credential_secret":
			v = s.creds.ApplicationCredentialSecret
		}
		parts = append(parts, a.Key+"="+v)
	}
	return strings.Join(parts, " ")
}

const minimal = "clouds: {c: {auth: {auth_url: 'http://h/v3', username: u, password: p, project_id: P}}}\n"
const minimalSum = "http://h/v3 kind=password username=u password=p project_id=P"

func TestLoadClouds(t *testing.T) {
	for _, c := range []struct {
		what, files string
		env         []string
		cloud       string // "" means the default
		region      string
		want        string // of the settings, or
		err         string // part of the error
	}{
		{what: "working directory", files: "-- cwd/clouds.yaml --\n" + minimal, want: minimalSum},
		{what: "home", files: "-- home/.config/openstack/clouds.yaml --\n" + minimal, want: minimalSum},
		{what: "site", files: "-- etc/openstack/clouds.yaml --\n" + minimal, want: minimalSum},
		{what: "XDG", files: "-- xdg/openstack/clouds.yml --\n" + minimal, env: []string{"XDG_CONFIG_HOME=$ROOT/xdg"}, want: minimalSum},
		{what: "JSON", files: "-- cwd/clouds.json --\n" + `{"clouds": {"c": {"auth": {"auth_url": "http://h", "username": "u", "password": "p", "project_id": "P"}}}}`, want: minimalSum},
		{what: "the first found wins whole", files: "-- cwd/clouds.yaml --\n" + minimal + "-- etc/openstack/clouds.yaml --\nclouds: {d: {auth: {auth_url: http://d}}}\n", want: minimalSum},
		{what: "the named file comes first", files: "-- cwd/clouds.yaml --\nclouds: {}\n-- x/my.yaml --\n" + minimal, env: []string{"OS_CLIENT_CONFIG_FILE=$ROOT/x/my.yaml"}, want: minimalSum},
		{what: "the named file, relative", files: "-- cwd/my.yaml --\n" + minimal, env: []string{"OS_CLIENT_CONFIG_FILE=my.yaml"}, want: minimalSum},
		{what: "the named file must exist", files: "-- cwd/clouds.yaml --\n" + minimal, env: []string{"OS_CLIENT_CONFIG_FILE=$ROOT/no.yaml"}, err: "OS_CLIENT_CONFIG_FILE"},
		{what: "an empty file", files: "-- cwd/clouds.yaml --\n", err: "is empty"},
		{what: "broken YAML", files: "-- cwd/clouds.yaml --\nclouds: {c: {auth: {password: planted\n", err: "no valid YAML"},
		{what: "not a mapping", files: "-- cwd/clouds.yaml --\n- a\n", err: "no mapping"},
		{what: "clouds is a list", files: "-- cwd/clouds.yaml --\nclouds: [a]\n", err: "no mapping of names"},
		{what: "a cloud is text", files: "-- cwd/clouds.yaml --\nclouds: {c: x}\n", err: `cloud "c" is no mapping`},

		{what: "secure.yaml beside it", files: "-- cwd/clouds.yaml --\nclouds: {c: {auth: {auth_url: http://h, username: u, password: old, project_id: P}}}\n-- cwd/secure.yaml --\nclouds: {c: {auth: {password: p}}}\n", want: minimalSum},
		{what: "secure.yaml elsewhere", files: "-- cwd/clouds.yaml --\nclouds: {c: {auth: {auth_url: http://h, username: u, project_id: P}}}\n-- home/.config/openstack/secure.yaml --\nclouds: {c: {auth: {password: p}}}\n", want: minimalSum},
		{what: "secure.yaml beside the named file", files: "-- x/clouds.yaml --\nclouds: {c: {auth: {auth_url: http://h, username: u, project_id: P}}}\n-- x/secure.yaml --\nclouds: {c: {auth: {password: p}}}\n-- cwd/secure.yaml --\nclouds: {c: {auth: {password: other}}}\n", env: []string{"OS_CLIENT_CONFIG_FILE=$ROOT/x/clouds.yaml"}, want: minimalSum},
		{what: "the named secure file", files: "-- cwd/clouds.yaml --\nclouds: {c: {auth: {auth_url: http://h, username: u, project_id: P}}}\n-- x/s.yaml --\nclouds: {c: {auth: {password: p}}}\n", env: []string{"OS_CLIENT_SECURE_FILE=$ROOT/x/s.yaml"}, want: minimalSum},
		{what: "a cloud only in secure.yaml", files: "-- cwd/secure.yaml --\n" + minimal, want: minimalSum},

		{what: "a profile", files: "-- cwd/clouds.yaml --\nclouds: {c: {profile: big, auth: {username: u, password: p, project_id: P}}}\n-- etc/openstack/clouds-public.yaml --\npublic-clouds: {big: {auth: {auth_url: http://h, username: nobody}, region_name: R}}\n",
			want: "http://h/v3 region=R kind=password username=u password=p project_id=P"},
		{what: "a profile by its older key", files: "-- cwd/clouds.yaml --\nclouds: {c: {cloud: big, auth: {username: u, password: p, project_id: P}}}\n-- cwd/clouds-public.yaml --\npublic-clouds: {big: {auth: {auth_url: http://h}}}\n", want: minimalSum},
		{what: "an unknown profile", files: "-- cwd/clouds.yaml --\nclouds: {c: {profile: big, auth: {username: u}}}\n", err: `its profile "big" is in no clouds-public.yaml`},
		{what: "a URL with the region in it", files: "-- cwd/clouds.yaml --\nclouds: {c: {profile: big, region_name: r1, auth: {username: u, password: p, project_id: P}}}\n-- cwd/clouds-public.yaml --\npublic-clouds: {big: {auth: {auth_url: 'http://iam.{region_name}.h/v3'}}}\n",
			want: "http://iam.r1.h/v3 region=r1 kind=password username=u password=p project_id=P"},

		{what: "regions, the first is the default", files: "-- cwd/clouds.yaml --\nclouds: {c: {regions: [A, B], auth: {auth_url: http://h, username: u, password: p, project_id: P}}}\n", want: "http://h/v3 region=A kind=password username=u password=p project_id=P"},
		{what: "regions, another", files: "-- cwd/clouds.yaml --\nclouds: {c: {regions: [A, B], auth: {auth_url: http://h, username: u, password: p, project_id: P}}}\n", region: "B", want: "http://h/v3 region=B kind=password username=u password=p project_id=P"},
		{what: "a region with values", files: "-- cwd/clouds.yaml --\nclouds: {c: {regions: [A, {name: B, values: {interface: internal, auth: {auth_url: 'http://b', project_id: PB}, verify: null}}], auth: {auth_url: http://h, username: u, password: p, project_id: P}}}\n", region: "B",
			want: "http://b/v3 region=B interface=internal kind=password username=u password=p project_id=PB"},
		{what: "regions as a text", files: "-- cwd/clouds.yaml --\nclouds: {c: {region_name: 'A,B', auth: {auth_url: http://h, username: u, password: p, project_id: P}}}\n", want: "http://h/v3 region=A kind=password username=u password=p project_id=P"},
		{what: "a region that is not listed", files: "-- cwd/clouds.yaml --\nclouds: {c: {regions: [A], auth: {auth_url: http://h, username: u, password: p, project_id: P}}}\n", region: "Z", want: "http://h/v3 region=Z kind=password username=u password=p project_id=P"},
		{what: "wrong regions", files: "-- cwd/clouds.yaml --\nclouds: {c: {regions: [[A]], auth: {auth_url: http://h}}}\n", err: "a region is a name"},

		{what: "OS_CLOUD chooses", files: "-- cwd/clouds.yaml --\nclouds: {a: {auth: {auth_url: http://a}}, c: {auth: {auth_url: http://h, username: u, password: p, project_id: P}}}\n", env: []string{"OS_CLOUD=c"}, want: minimalSum},
		{what: "unknown cloud", files: "-- cwd/clouds.yaml --\nclouds: {alpha: {auth: {auth_url: http://a}}, beta: {}}\n", cloud: "alhpa", err: "there are alpha, beta; did you mean alpha?"},
		{what: "variables over the default cloud", files: "-- cwd/ca.pem --\nPEM\n-- cwd/clouds.yaml --\nclouds: {c: {region_name: A, interface: public, auth: {auth_url: http://h, username: u, password: p, project_id: P}}}\n",
			env:  []string{"OS_CLOUD=c", "OS_REGION_NAME=B", "OS_INTERFACE=internalURL", "OS_CACERT=$ROOT/cwd/ca.pem", "OS_CERT=/c.pem", "OS_KEY=/k.pem", "OS_PASSWORD=not-used"},
			want: "http://h/v3 region=B interface=internal ca=PEM cert=/c.pem key=/k.pem kind=password username=u password=p project_id=P"},
		{what: "variables leave other clouds alone", files: "-- cwd/clouds.yaml --\nclouds: {d: {}, c: {auth: {auth_url: http://h, username: u, password: p, project_id: P}}}\n", env: []string{"OS_CLOUD=d", "OS_REGION_NAME=B"}, cloud: "c", want: minimalSum},
		{what: "OS_ENDPOINT_TYPE and OS_INSECURE", files: "-- cwd/clouds.yaml --\n" + minimal, env: []string{"OS_CLOUD=c", "OS_ENDPOINT_TYPE=adminURL", "OS_INSECURE=true"},
			want: "http://h/v3 interface=admin insecure kind=password username=u password=p project_id=P"},

		{what: "variables alone", env: []string{"OS_AUTH_URL=http://h:5000", "OS_USERNAME=u", "OS_PASSWORD=p", "OS_PROJECT_NAME=demo", "OS_USER_DOMAIN_NAME=Default", "OS_PROJECT_DOMAIN_ID=default", "OS_REGION_NAME=R", "OS_IDENTITY_API_VERSION=3"},
			want: "http://h:5000/v3 region=R kind=password username=u password=p user_domain_name=Default project_name=demo project_domain_id=default"},
		{what: "variables with tenants", env: []string{"OS_AUTH_URL=http://h:5000/v3", "OS_USERNAME=u", "OS_PASSWORD=p", "OS_TENANT_NAME=demo", "OS_DEFAULT_DOMAIN=dd"},
			want: "http://h:5000/v3 kind=password username=u password=p user_domain_id=dd project_name=demo project_domain_id=dd"},
		{what: "variables before the only cloud", files: "-- cwd/clouds.yaml --\n" + minimal, env: []string{"OS_AUTH_URL=http://e", "OS_TOKEN=t", "OS_PROJECT_ID=P"}, want: "http://e/v3 kind=token token=t project_id=P"},
		{what: "the name of their cloud", env: []string{"OS_AUTH_URL=http://e", "OS_TOKEN=t", "OS_CLOUD_NAME=mine"}, cloud: "mine", want: "http://e/v3 kind=token token=t"},
		{what: "a name twice", files: "-- cwd/clouds.yaml --\nclouds: {envvars: {auth: {auth_url: http://h}}}\n", env: []string{"OS_AUTH_URL=http://e"}, err: "OS_CLOUD_NAME"},
		{what: "application credential by variables", env: []string{"OS_AUTH_URL=http://h", "OS_AUTH_TYPE=v3applicationcredential", "OS_APPLICATION_CREDENTIAL_ID=i", "OS_APPLICATION_CREDENTIAL_SECRET=s", "OS_USERNAME=left-over"},
			want: "http://h/v3 kind=application_credential application_credential_id=i application_credential_secret=s"},
		{what: "application credential by name", env: []string{"OS_AUTH_URL=http://h", "OS_AUTH_TYPE=v3applicationcredential", "OS_APPLICATION_CREDENTIAL_NAME=n", "OS_APPLICATION_CREDENTIAL_SECRET=s", "OS_USERNAME=u", "OS_USER_DOMAIN_NAME=D"},
			want: "http://h/v3 kind=application_credential username=u user_domain_name=D application_credential_name=n application_credential_secret=s"},
		{what: "v3token", env: []string{"OS_AUTH_URL=http://h", "OS_AUTH_TYPE=v3token", "OS_AUTH_TOKEN=t", "OS_USERNAME=left-over", "OS_PASSWORD=left-over", "OS_PROJECT_ID=P"}, want: "http://h/v3 kind=token token=t project_id=P"},
		{what: "v3password", env: []string{"OS_AUTH_URL=http://h", "OS_AUTH_TYPE=v3password", "OS_USER_ID=ui", "OS_PASSWORD=p", "OS_SYSTEM_SCOPE=all"}, want: "http://h/v3 kind=password user_id=ui password=p system_scope=all"},
		{what: "another auth type", env: []string{"OS_AUTH_URL=http://h", "OS_AUTH_TYPE=v3oidcpassword"}, err: `auth_type "v3oidcpassword" is not supported`},
		{what: "Keystone 2", env: []string{"OS_AUTH_URL=http://h", "OS_IDENTITY_API_VERSION=2.0"}, err: "only Keystone's version 3"},
		{what: "no URL", files: "-- cwd/clouds.yaml --\nclouds: {c: {auth: {username: u}}}\n", err: "it has no auth_url"},
		{what: "a wrong URL", files: "-- cwd/clouds.yaml --\nclouds: {c: {auth: {auth_url: 'http://u:planted@h'}}}\n", err: "has a user or password"},
		{what: "a wrong interface", files: "-- cwd/clouds.yaml --\nclouds: {c: {interface: outer, auth: {auth_url: http://h}}}\n", err: `interface "outer"`},
		{what: "a CA that is not there", files: "-- cwd/clouds.yaml --\nclouds: {c: {cacert: /no/ca.pem, auth: {auth_url: http://h}}}\n", err: "cacert"},

		{what: "verify false, CA in the home", files: "-- home/ca.pem --\nPEM\n-- cwd/clouds.yaml --\nclouds: {c: {cacert: ~/ca.pem, auth: {auth_url: http://h}}, i: {verify: false, cacert: /no, auth: {auth_url: http://h}}}\n", cloud: "c", want: "http://h/v3 ca=PEM kind="},
		{what: "insecure in YAML 1.1", files: "-- cwd/clouds.yaml --\nclouds: {c: {verify: no, auth: {auth_url: http://h}}}\n", want: "http://h/v3 insecure kind="},
		{what: "dashes for underscores", files: "-- cwd/clouds.yaml --\nclouds: {c: {region-name: R, auth: {auth-url: http://h, user-id: u, password: p, project-id: P}}}\n", want: "http://h/v3 region=R kind=password user_id=u password=p project_id=P"},
		{what: "numbers stay as written", files: "-- cwd/clouds.yaml --\nclouds: {c: {auth: {auth_url: http://h, username: 007, password: 0123, project_id: 1e3}}}\n", want: "http://h/v3 kind=password username=007 password=0123 project_id=1e3"},
		{what: "domain given once", files: "-- cwd/clouds.yaml --\nclouds: {c: {auth: {auth_url: http://h, username: u, password: p, project_name: d, domain_name: D}}}\n", want: "http://h/v3 kind=password username=u password=p user_domain_name=D project_name=d project_domain_name=D"},
		{what: "domain scope", files: "-- cwd/clouds.yaml --\nclouds: {c: {auth: {auth_url: http://h, username: u, password: p, domain_id: D}}}\n", want: "http://h/v3 kind=password username=u password=p user_domain_id=D domain_id=D"},
		{what: "settings beside auth", files: "-- cwd/clouds.yaml --\nclouds: {c: {auth_url: http://h, username: u, project_id: P, auth: {password: p}}}\n", want: minimalSum},
		{what: "anchors", files: "-- cwd/clouds.yaml --\nbase: &b {auth_url: http://h, username: u, password: old}\nclouds: {c: {auth: {<<: *b, password: p, project_id: P}}}\n", want: minimalSum},
		{what: "what other tools need", files: "-- cwd/clouds.yaml --\ncache: {auth: true}\nclient: {force_ipv4: true}\nclouds: {c: {compute_api_version: 2.1, volume_api_version: '3', image_format: raw, networks: [{name: n}], auth: {auth_url: http://h, username: u, password: p, project_id: P}}}\n", want: minimalSum},
	} {
		t.Run(c.what, func(t *testing.T) {
			config, err := loadFrom(t, c.files, c.env...)
			var settings *cloudSettings
			if err == nil {
				name := c.cloud
				if name == "" {
					name = config.Default()
				}
				settings, err = config.resolve(name, c.region)
			}
			if c.err != "" {
				var input InvalidInput
				if !errors.As(err, &input) || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "planted") {
					t.Fatalf("got %v, want %q", err, c.err)
				}
				return
			}
			if err != nil || settings.sum() != c.want {
				t.Fatalf("got %v, %v\nwant %s", settings.sum(), err, c.want)
			}
		})
	}
}

func TestDefaultCloud(t *testing.T) {
	for _, c := range []struct {
		files string
		env   []string
		want  string
		names []string
	}{
		{names: []string{}},
		{files: "-- cwd/clouds.yaml --\nclouds: {a: {}, b: {}}\n", names: []string{"a", "b"}},
		{files: "-- cwd/clouds.yaml --\nclouds: {a: {}}\n", want: "a", names: []string{"a"}},
		{files: "-- cwd/clouds.yaml --\nclouds: {a: {}, b: {}}\n", env: []string{"OS_AUTH_URL=http://e"}, want: "envvars", names: []string{"a", "b", "envvars"}},
		{files: "-- cwd/clouds.yaml --\nclouds: {a: {}, b: {}}\n", env: []string{"OS_AUTH_URL=http://e", "OS_CLOUD=b"}, want: "b", names: []string{"a", "b", "envvars"}},
		{env: []string{"OS_REGION_NAME=R", "OS_CACERT=/x"}, names: []string{}},
	} {
		config, err := loadFrom(t, c.files, c.env...)
		if err != nil || config.Default() != c.want || !slices.Equal(config.Names(), c.names) {
			t.Errorf("%q %v: %q %v, %v", c.files, c.env, config.Default(), config.Names(), err)
		}
	}
}

func TestEndpointOverrides(t *testing.T) {
	config, err := ParseClouds([]byte(`clouds: {c: {region_name: R, compute_endpoint_override: 'http://n.{region_name}/v2.1', volume-endpoint-override: 'http://c/v3/%(project_id)s', auth: {auth_url: http://h}}}`), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := config.resolve("c", "")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"compute": "http://n.R/v2.1", "block-storage": "http://c/v3/%(project_id)s"}
	if fmt.Sprint(s.overrides) != fmt.Sprint(want) {
		t.Errorf("got %v", s.overrides)
	}
}

func TestOverrideIsUsed(t *testing.T) {
	f := newFakeCloud(t)
	config, err := ParseClouds(fmt.Appendf(nil, `clouds: {c: {region_name: Far, compute_endpoint_override: '%[1]s/compute/over', auth: {auth_url: '%[1]s', username: u, password: p, project_id: p1}}}`, f.URL), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newManager(t, Config{Clouds: config}).Session(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	service, err := s.Service(t.Context(), ServiceRequest{Type: "nova"})
	if err != nil || service.Endpoint() != f.URL+"/compute/over/v2.1" || service.Region() != "Far" {
		t.Fatalf("%v, %v", service, err)
	}
}

func TestYAMLBombs(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	for _, text := range []string{
		bomb.String(),
		"clouds: &c {c: *c}",
		strings.Repeat("[", 5000),
		"clouds: " + strings.Repeat("{a: ", 500) + strings.Repeat("}", 500),
	} {
		if _, err := ParseClouds([]byte(text), nil, nil); err == nil {
			t.Errorf("%.40q... was accepted", text)
		}
	}
}

func FuzzClouds(f *testing.F) {
	f.Add([]byte(minimal), []byte("clouds: {c: {auth: {password: q}}}"), []byte("public-clouds: {p: {}}"))
	f.Add([]byte("base: &b {a: 1}\nclouds: {c: {<<: *b, profile: p, regions: [A, {name: B, values: {x: ~}}]}}"), []byte(nil), []byte("public-clouds: {p: {auth: {auth_url: 'http://{region_name}'}}}"))
	f.Fuzz(func(t *testing.T, clouds, secure, public []byte) {
		config, err := ParseClouds(clouds, secure, public)
		if err != nil {
			return
		}
		for _, name := range config.Names() {
			for _, region := range append(config.Regions(name), "") {
				_, _ = config.resolve(name, region)
			}
		}
	})
}
