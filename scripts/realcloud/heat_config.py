"""heat_config.py HOME DATABASE TRANSPORT REGION:PORT...: what Heat needs before it
starts: its users, its role and the domain of its stacks' users in Keystone, its
endpoints in the catalog, a database for each region, and HOME/REGION.conf. Safe
to run again. The cloud is OS_CLOUD of OS_CLIENT_CONFIG_FILE."""

import os
import secrets
import sys

import openstack
import sqlalchemy

CONF = """[DEFAULT]
transport_url = {transport}
num_engine_workers = 1
region_name_for_services = {region}
host = heat-{lower}
auth_encryption_key = {key}
stack_user_domain_name = heat
stack_domain_admin = heat_domain_admin
stack_domain_admin_password = {password}
[heat_api]
bind_host = 127.0.0.1
bind_port = {port}
workers = 0
[paste_deploy]
flavor =
api_paste_config = {home}/pkg/etc/heat/api-paste.ini
[database]
connection = {database}
[clients]
endpoint_type = publicURL
[clients_keystone]
auth_uri = {auth_url}
[oslo_messaging_notifications]
driver = noop
[keystone_authtoken]
www_authenticate_uri = {auth_url}
project_name = {project}
project_domain_id = default
interface = public
{user}
[trustee]
{user}
"""

USER = """auth_type = password
auth_url = {auth_url}
username = heat
password = {password}
user_domain_id = default
region_name = {region}"""


def saved(home, name, size):
    """A secret that outlives a run."""
    path = os.path.join(home, name)
    if not os.path.exists(path):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), 'w') as f:
            f.write(secrets.token_hex(size))
    with open(path) as f:
        return f.read()


def identity(cloud, password):
    """The users, the domain and the role; returns the service project's name."""
    keystone = cloud.identity
    project = keystone.find_project('service') or keystone.create_project(name='service', domain_id='default')
    admin = keystone.find_role('admin')
    keystone.find_role('heat_stack_user') or keystone.create_role(name='heat_stack_user')
    user = keystone.find_user('heat', domain_id='default') or keystone.create_user(name='heat', domain_id='default')
    keystone.update_user(user, password=password)
    keystone.assign_project_role_to_user(project, user, admin)
    domain = keystone.find_domain('heat') or keystone.create_domain(name='heat')
    owner = keystone.find_user('heat_domain_admin', domain_id=domain.id) or keystone.create_user(
        name='heat_domain_admin', domain_id=domain.id)
    keystone.update_user(owner, password=password)
    keystone.assign_domain_role_to_user(domain, owner, admin)
    return project.name


def catalog(cloud, region, url):
    keystone = cloud.identity
    service = next(iter(keystone.services(type='orchestration')), None) or keystone.create_service(
        type='orchestration', name='heat')
    there = {(e.region_id, e.interface): e for e in keystone.endpoints(service_id=service.id)}
    for interface in 'public', 'internal', 'admin':
        old = there.get((region, interface))
        if old is None:
            keystone.create_endpoint(service_id=service.id, region_id=region, interface=interface, url=url)
        elif old.url != url:
            keystone.update_endpoint(old, url=url)


def make_database(url):
    url = sqlalchemy.engine.make_url(url)
    with sqlalchemy.create_engine(url.set(database='')).connect() as c:
        c.execute(sqlalchemy.text('CREATE DATABASE IF NOT EXISTS `%s` CHARACTER SET utf8mb3' % url.database))


def main():
    home, database, transport, *regions = sys.argv[1:]
    cloud = openstack.connect()
    auth_url = cloud.config.get_auth_args()['auth_url']
    password, key = saved(home, 'password', 16), saved(home, 'key', 16)
    project = identity(cloud, password)
    for pair in regions:
        region, _, port = pair.partition(':')
        lower = region.lower()
        db = database.replace('{region}', lower)
        make_database(db)
        catalog(cloud, region, 'http://127.0.0.1:%s/v1/%%(project_id)s' % port)
        user = USER.format(auth_url=auth_url, password=password, region=region)
        with os.fdopen(os.open(os.path.join(home, region + '.conf'), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w') as f:
            f.write(CONF.format(transport=transport.replace('{region}', lower), region=region, lower=lower, key=key,
                                password=password, port=port, home=home, database=db.replace('%', '%%'),
                                auth_url=auth_url, project=project, user=user))


if __name__ == '__main__':
    main()
