package actions

import (
	"context"
	"net/http"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
)

// send sends one request through the session of the invocation's target, which
// is opened when the first request needs it.
func (inv *invocation) send(ctx context.Context, serviceType string, req request) (*openstack.APIResponse, error) {
	service, err := inv.open(ctx, serviceType)
	if err != nil {
		return nil, err
	}
	api := openstack.APIRequest{
		Method: req.Method, Path: req.Path, Query: req.Query, Header: req.Header,
		Microversion: req.Microversion, FromRoot: req.FromRoot, Unsafe: req.Once,
		Anonymous: req.Anonymous, MaxBody: req.MaxBody,
		Secrets: inv.action.secrets(inv.call.Input),
	}
	if req.Body != nil {
		if api.Body, err = encodeBody(req.Body); err != nil {
			return nil, inv.failed(err)
		}
		if api.Header == nil {
			api.Header = http.Header{}
		}
		if _, raw := req.Body.([]byte); !raw && api.Header.Get("Content-Type") == "" {
			api.Header.Set("Content-Type", "application/json")
		}
	}
	send := inv.runner.negotiate
	if inv.pinned != "" && api.Microversion != "" {
		api.Microversion, req.Pinned = inv.pinned, true
	}
	if req.Pinned {
		send = pinned
	}
	answer, err := send(ctx, service, api)
	if err == nil {
		inv.answered = answer.Detail()
	}
	return answer, err
}

func pinned(ctx context.Context, s *openstack.Service, req openstack.APIRequest) (*openstack.APIResponse, error) {
	return s.Do(ctx, req)
}

// open finds the endpoint of a service type.
func (inv *invocation) open(ctx context.Context, serviceType string) (*openstack.Service, error) {
	if s, ok := inv.services[serviceType]; ok {
		return s, nil
	}
	session, err := inv.openSession(ctx)
	if err != nil {
		return nil, err
	}
	s, err := session.Service(ctx, openstack.ServiceRequest{
		Type: serviceType, Region: inv.target.Region, Interface: inv.target.Interface,
	})
	if err != nil {
		return nil, err
	}
	if inv.services == nil {
		inv.services = map[string]*openstack.Service{}
		inv.went = s.Target() // the first service is the action's own
	}
	inv.services[serviceType] = s
	return s, nil
}

func (inv *invocation) openSession(ctx context.Context) (*openstack.Session, error) {
	if inv.session != nil {
		return inv.session, nil
	}
	if inv.runner.manager == nil {
		return nil, ActionFailed{Action: inv.action.Name, Message: "no cloud is configured"}
	}
	session, err := inv.runner.manager.Session(ctx, inv.target)
	if err != nil {
		return nil, err
	}
	inv.session, inv.went = session, session.Target()
	return session, nil
}
