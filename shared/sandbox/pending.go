package sandbox

type compute struct{}
type images struct{}
type network struct{}
type volumes struct{}
type heat struct{}

func (r *region) seed() {}

func pendingService(kind, stype, name, version, path string) *service {
	return &service{kind: kind, stype: stype, name: name, version: version, path: path, router: newRouter(nil),
		versions: func(*call) reply { return reply{status: 200} }, current: func(*call) reply { return reply{status: 200} }, shape: faultShape}
}
func computeService() *service {
	return pendingService("compute", "compute", "nova", "v2.1", "/v2.1")
}
func imageService() *service   { return pendingService("image", "image", "glance", "v2", "") }
func networkService() *service { return pendingService("network", "network", "neutron", "v2.0", "") }
func volumeService() *service {
	return pendingService("volume", "volumev3", "cinder", "v3", "/v3/$(project_id)s")
}
func heatService() *service {
	return pendingService("orchestration", "orchestration", "heat", "v1", "/v1/$(project_id)s")
}
