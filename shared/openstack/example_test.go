package openstack_test

import (
	"errors"
	"fmt"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
)

// Where a request would go, before anybody is asked: by the cloud's name, and
// by a URL that the operator did not configure.
func ExampleManager_Describe() {
	clouds, err := openstack.ParseClouds([]byte(`
clouds:
  alpha:
    region_name: RegionOne
    auth: {auth_url: https://keystone.example.org:5000, username: alice, password: secret, project_name: demo}
`), nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := openstack.New(openstack.Config{Clouds: clouds})
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := m.Describe(openstack.Request{Cloud: "alpha"})
	fmt.Println(t.AuthURL, t.Region, t.Interface, t.ProjectName, err)

	_, err = m.Describe(openstack.Request{AuthURL: "https://keystone.example.org:5000@evil.example/"})
	fmt.Println(errors.As(err, &openstack.AuthURLNotAllowed{}), err)
	// Output:
	// https://keystone.example.org:5000/v3 RegionOne public demo <nil>
	// true identity: the auth URL has a user or password in it; credentials go into their own fields
}
