package openstack

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// CloudsConfig holds the operator's configured clouds, as clouds.yaml and the
// OS_* variables give them.
type CloudsConfig struct {
	clouds   map[string]dict // clouds.yaml with secure.yaml merged in
	public   map[string]dict // profiles of clouds-public.yaml
	env      map[string]string
	fallback string // the default cloud
	path     string
	home     string
}

// LoadOptions say where [LoadClouds] looks. The zero value is the process's own
// environment, working directory and home.
type LoadOptions struct {
	Environ []string // "KEY=value"; nil means os.Environ()
	Dir     string   // the directory that relative paths start from
	Home    string   // the user's home directory
	Site    string   // the system's configuration; empty means /etc
}

// LoadClouds reads the configuration of clouds as openstacksdk does:
//
//   - clouds.yaml (or .yml, .json): the file that OS_CLIENT_CONFIG_FILE names,
//     else the first one in the working directory, the user's configuration
//     ($XDG_CONFIG_HOME/openstack, ~/.config/openstack) and /etc/openstack
//   - secure.yaml is searched in the same way (OS_CLIENT_SECURE_FILE, beside
//     the file that OS_CLIENT_CONFIG_FILE names, then those directories) and
//     merged over it; clouds-public.yaml has the profiles that clouds name
//   - the OS_* variables make a cloud of their own, named envvars, or as
//     OS_CLOUD_NAME says, if OS_AUTH_URL is among them
//   - the default cloud is OS_CLOUD, else the one of the variables, else the
//     only one that there is. On it, OS_REGION_NAME, OS_INTERFACE (or
//     OS_ENDPOINT_TYPE), OS_CACERT, OS_CERT, OS_KEY and OS_INSECURE stand
//     above what the file says.
//
// Two things are stricter than there: a file that OS_CLIENT_CONFIG_FILE names
// must exist, and no profile is fetched from the network. No file at all is no
// error; the result then has no clouds.
func LoadClouds(o LoadOptions) (*CloudsConfig, error) {
	o, env, err := o.complete()
	if err != nil {
		return nil, err
	}
	override := env["OS_CLIENT_CONFIG_FILE"]
	secureOverride := []string{env["OS_CLIENT_SECURE_FILE"]}
	if override != "" {
		override = o.abs(override)
		if _, err := os.Stat(override); err != nil {
			return nil, invalid("OS_CLIENT_CONFIG_FILE: %v", err)
		}
		for _, ext := range []string{".yaml", ".yml", ".json"} {
			secureOverride = append(secureOverride, filepath.Join(filepath.Dir(override), "secure"+ext))
		}
	}
	dirs := o.searchDirs(env)
	c := &CloudsConfig{env: env, home: o.Home}
	var clouds, secure, public document
	for _, f := range []struct {
		doc   *document
		first []string
		name  string
	}{
		{&clouds, []string{override}, "clouds"},
		{&secure, secureOverride, "secure"},
		{&public, nil, "clouds-public"},
	} {
		if *f.doc, err = o.readFirst(f.first, dirs, f.name); err != nil {
			return nil, err
		}
	}
	c.path = clouds.path
	if err := c.merge(clouds, secure, public); err != nil {
		return nil, err
	}
	if err := c.addEnvironment(); err != nil {
		return nil, err
	}
	return c, nil
}

// ParseClouds reads the text of a clouds.yaml, of a secure.yaml and of a
// clouds-public.yaml (each may be nil), without the environment: for a
// configuration that is kept elsewhere than in files.
func ParseClouds(clouds, secure, public []byte) (*CloudsConfig, error) {
	c := &CloudsConfig{env: map[string]string{}}
	c.home, _ = os.UserHomeDir()
	var docs [3]document
	for i, text := range [][]byte{clouds, secure, public} {
		d, err := parseYAML(text)
		if err != nil {
			return nil, invalid("clouds: %v", err)
		}
		docs[i] = document{data: d}
	}
	if err := c.merge(docs[0], docs[1], docs[2]); err != nil {
		return nil, err
	}
	c.pickDefault()
	return c, nil
}

// merge puts the documents together.
func (c *CloudsConfig) merge(clouds, secure, public document) error {
	all := clouds.data
	if secure.data != nil {
		all = mergeDeep(all, secure.data)
	}
	var err error
	if c.clouds, err = cloudsOf(all, "clouds", cmp.Or(clouds.path, "clouds.yaml")); err != nil {
		return err
	}
	c.public, err = cloudsOf(public.data, "public-clouds", cmp.Or(public.path, "clouds-public.yaml"))
	return err
}

func cloudsOf(doc dict, key, path string) (map[string]dict, error) {
	out := map[string]dict{}
	section, ok := doc[key]
	if !ok || section == nil {
		return out, nil
	}
	named, ok := section.(dict)
	if !ok {
		return nil, invalid("%s: %s is no mapping of names to clouds", path, key)
	}
	for name, v := range named {
		switch v := v.(type) {
		case dict:
			out[name] = v
		case nil:
			out[name] = dict{}
		default:
			return nil, invalid("%s: cloud %q is no mapping", path, name)
		}
	}
	return out, nil
}

// Names returns the names of the clouds, sorted.
func (c *CloudsConfig) Names() []string {
	if c == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(c.clouds))
}

// Default returns the cloud for requests that name none, "" if there are
// several and none is marked by OS_CLOUD.
func (c *CloudsConfig) Default() string {
	if c == nil {
		return ""
	}
	return c.fallback
}

// Path returns the file that the clouds were read from, "" if there was none.
func (c *CloudsConfig) Path() string { return c.path }

// String names the clouds; it shows nothing of what they hold.
func (c *CloudsConfig) String() string { return fmt.Sprintf("clouds%v", c.Names()) }

// GoString is [CloudsConfig.String].
func (c *CloudsConfig) GoString() string { return c.String() }

func (c *CloudsConfig) pickDefault() {
	names := c.Names()
	switch {
	case c.env["OS_CLOUD"] != "":
		c.fallback = c.env["OS_CLOUD"]
	case c.clouds[c.envName()] != nil && c.env["OS_AUTH_URL"] != "":
		c.fallback = c.envName()
	case len(names) == 1:
		c.fallback = names[0]
	}
}

func (c *CloudsConfig) envName() string { return cmp.Or(c.env["OS_CLOUD_NAME"], "envvars") }

// addEnvironment makes the cloud of the OS_* variables.
func (c *CloudsConfig) addEnvironment() error {
	if c.env["OS_AUTH_URL"] != "" {
		name := c.envName()
		if c.clouds[name] != nil {
			return invalid("%s has a cloud %q, which is also the name for the cloud of the OS_* variables; set OS_CLOUD_NAME to another", c.path, name)
		}
		cloud := dict{}
		for key, v := range c.env {
			if k, ok := strings.CutPrefix(key, "OS_"); ok && v != "" && !selectors[key] {
				cloud[strings.ToLower(k)] = v
			}
		}
		if v := c.env["OS_REGION_NAME"]; v != "" {
			cloud["region_name"] = v
		}
		c.clouds[name] = cloud
	}
	c.pickDefault()
	return nil
}

// selectors choose a cloud and say nothing of it.
var selectors = map[string]bool{
	"OS_CLOUD": true, "OS_CLOUD_NAME": true, "OS_REGION_NAME": true,
	"OS_CLIENT_CONFIG_FILE": true, "OS_CLIENT_SECURE_FILE": true,
}

func (o LoadOptions) complete() (LoadOptions, map[string]string, error) {
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	env := map[string]string{}
	for _, kv := range o.Environ {
		if k, v, ok := strings.Cut(kv, "="); ok {
			env[k] = v
		}
	}
	var err error
	if o.Dir == "" {
		if o.Dir, err = os.Getwd(); err != nil {
			return o, nil, err
		}
	}
	if o.Home == "" {
		o.Home = env["HOME"]
	}
	if o.Site == "" {
		o.Site = "/etc"
	}
	return o, env, nil
}

func (o LoadOptions) abs(path string) string {
	path = expandHome(path, o.Home)
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(o.Dir, path)
}

func (o LoadOptions) searchDirs(env map[string]string) []string {
	dirs := []string{o.Dir}
	if x := env["XDG_CONFIG_HOME"]; x != "" {
		dirs = append(dirs, filepath.Join(x, "openstack"))
	}
	if o.Home != "" {
		dirs = append(dirs, filepath.Join(o.Home, ".config", "openstack"))
	}
	for _, x := range filepath.SplitList(cmp.Or(env["XDG_CONFIG_DIRS"], filepath.Join(o.Site, "xdg"))) {
		dirs = append(dirs, filepath.Join(x, "openstack"))
	}
	return append(dirs, filepath.Join(o.Site, "openstack"))
}

// document is a configuration file and what it holds.
type document struct {
	path string
	data dict
}

// readFirst reads the first file that exists and may be read.
func (o LoadOptions) readFirst(first, dirs []string, name string) (document, error) {
	paths := slices.DeleteFunc(slices.Clone(first), func(p string) bool { return p == "" })
	for _, dir := range dirs {
		for _, ext := range []string{".yaml", ".yml", ".json"} {
			paths = append(paths, filepath.Join(dir, name+ext))
		}
	}
	for _, path := range paths {
		text, err := os.ReadFile(o.abs(path))
		if os.IsNotExist(err) || os.IsPermission(err) {
			continue
		}
		if err != nil {
			return document{}, invalid("%v", err)
		}
		data, err := parseYAML(text) // JSON is YAML
		if err != nil {
			return document{}, invalid("%s: %v", path, err)
		}
		if data == nil && name == "clouds" {
			return document{}, invalid("%s is empty", path)
		}
		return document{path, data}, nil
	}
	return document{}, nil
}
