//! Production in moto's account, the real server that stands for its temporary instances, and drills on both.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};

use crate::front::{Front, Plan};
use crate::servers::{KEY, SECRET, moto};
use crate::support::{Lease, Run, Scene, docker, done, production, root};

/// moto's name for every instance's end of the network.
const NAMES: &str = "*.aaaaaaaaaa.eu-central-1.rds.amazonaws.com";

/// A PostgreSQL with TLS and passwords, on a network, with the shop in it.
pub struct Instance {
    name: String,
    pub address: String,
    folder: PathBuf,
    passwords: Mutex<Vec<String>>,
    _lease: Lease,
}

/// Started at the first call, and gone with this process.
pub fn instance() -> &'static Instance {
    static INSTANCE: OnceLock<Instance> = OnceLock::new();
    INSTANCE.get_or_init(Instance::start)
}

impl Instance {
    fn start() -> Self {
        let name = format!("drillyard-test-rds-{}", std::process::id());
        let folder = tempfile::tempdir().unwrap().keep();
        let lease =
            Lease::new("docker rm -fv \"$1\" >/dev/null; rm -rf -- \"$2\"", &[name.as_ref(), &folder]);
        certificates(&folder);
        docker(&[
            "run",
            "--detach",
            "--name",
            &name,
            "--user",
            "postgres",
            "--volume",
            "/var/lib/postgresql",
            "--env",
            "PGHOST=/tmp",
            "--entrypoint",
            "bash",
            "drillyard/postgres:15",
            "-c",
            SERVER,
        ]);
        for file in ["server.crt", "server.key"] {
            docker(&["cp", folder.join(file).to_str().unwrap(), &format!("{name}:/tmp/{file}")]);
        }
        docker(&[
            "exec",
            "--user",
            "root",
            &name,
            "bash",
            "-c",
            "chown postgres /tmp/server.*; chmod 600 /tmp/server.key; touch /tmp/go",
        ]);
        docker(&[
            "exec",
            &name,
            "timeout",
            "60",
            "bash",
            "-c",
            "until pg_isready --quiet; do sleep 0.1; done",
        ]);
        let address =
            docker(&["inspect", "--format", "{{.NetworkSettings.IPAddress}}", &name]).trim().to_owned();
        let instance = Self {
            name,
            address: format!("{address}:5432"),
            folder,
            passwords: Mutex::default(),
            _lease: lease,
        };
        // What a master user may do, who is no superuser; pg_read_all_data reads no large objects, and he would own them.
        instance
            .psql("postgres", "create role masters createrole bypassrls; grant pg_read_all_data to masters");
        instance.restore_the_shop();
        instance
    }

    fn restore_the_shop(&self) {
        let dump = production(15).backup(&[]);
        docker(&["cp", dump.to_str().unwrap(), &format!("{}:/tmp/shop.dump", self.name)]);
        for role in ["shop_owner", "shop_app", "shop_reader", "shop_backup"] {
            self.psql("postgres", &format!("create role {role}"));
        }
        docker(&["exec", "--user", "root", &self.name, "chmod", "644", "/tmp/shop.dump"]);
        let restore = "pg_restore --username postgres --dbname postgres --create /tmp/shop.dump || true";
        docker(&["exec", &self.name, "bash", "-c", restore]);
        let own = "do $$ declare o oid; begin for o in select oid from pg_largeobject_metadata loop \
                   execute format('grant select on large object %s to masters', o); end loop; end $$";
        self.psql("shop", own);
        assert_eq!(self.psql("shop", "select count(*) from orders"), "20000");
    }

    pub fn psql(&self, database: &str, sql: &str) -> String {
        let asked = [
            "exec",
            &self.name,
            "psql",
            "-XAtq",
            "--username",
            "postgres",
            "--dbname",
            database,
            "--command",
            sql,
        ];
        docker(&asked).trim().to_owned()
    }

    /// A master user without a password yet.
    pub fn new_master(&self) -> String {
        let name = format!("master_{}", ulid::Ulid::new().to_string().to_lowercase());
        self.psql("postgres", &format!("create role {name} login createrole bypassrls in role masters"));
        name
    }

    /// A database with one table that is whole, and one whose file is gone.
    pub fn with_a_hole(&self, database: &str) {
        self.psql("postgres", &format!("create database {database}"));
        let make = "create table whole as select 1 as n; create table holed as select generate_series(1, 9000) as n; \
                    analyze; checkpoint";
        self.psql(database, make);
        let file = self.psql(database, "select pg_relation_filepath('holed')");
        docker(&["exec", &self.name, "rm", &format!("/var/lib/postgresql/data/{file}")]);
    }

    pub fn set_password(&self, master: &str, password: &str) {
        self.passwords.lock().unwrap().push(password.to_owned());
        // By standard input: the engine's events tell every argument, and a test looks for this one in them.
        let mut psql = Command::new("docker");
        psql.args(["exec", "--interactive", &self.name, "psql", "-Xq", "--username", "postgres"])
            .stdin(Stdio::piped());
        let mut psql = psql.spawn().unwrap();
        let sql = format!("alter role {master} password '{password}';");
        psql.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        assert!(psql.wait().unwrap().success());
    }

    /// Every password that it was ever given.
    pub fn passwords(&self) -> Vec<String> {
        self.passwords.lock().unwrap().clone()
    }

    /// What it has written into its log, which whoever runs RDS can read.
    pub fn log(&self) -> String {
        let logs = Command::new("docker").args(["logs", &self.name]).output().unwrap();
        String::from_utf8_lossy(&logs.stderr).into_owned()
    }

    /// The authority that vouches for it.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }
}

/// As an instance of RDS is: TLS, a password for everybody who comes from outside.
const SERVER: &str = r#"
data=/var/lib/postgresql/data
mkdir -m 700 "$data" && tar -C "$data" -xf /usr/share/drillyard/data.tar
printf 'local all postgres trust\nhostssl all all all scram-sha-256\n' > "$data/pg_hba.conf"
until [ -e /tmp/go ]; do sleep 0.1; done
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp -c ssl=on \
  -c ssl_cert_file=/tmp/server.crt -c ssl_key_file=/tmp/server.key -c log_statement=all
"#;

/// An authority, and a server's certificate for every name of moto's.
pub fn certificates(folder: &std::path::Path) {
    let script = format!(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=drill-ca -keyout ca.key -out ca.crt && \
         openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=rds -keyout server.key -out server.csr && \
         openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt \
           -extfile <(printf 'subjectAltName=DNS:{NAMES}')"
    );
    done(Command::new("bash").args(["-c", &script]).current_dir(folder));
}

/// An instance of production's with snapshots, in moto's account; the same for every test. Of the manual ones the newest
/// is listed neither first nor last, and its name is neither the least nor the greatest: a copy keeps the instant of what
/// it was copied from.
fn production_in_the_cloud() -> u16 {
    static MADE: OnceLock<()> = OnceLock::new();
    let server = moto();
    MADE.get_or_init(|| {
        client(
            "vpc = ec2.describe_subnets()['Subnets']\n\
             rds.create_db_subnet_group(DBSubnetGroupName='drills', DBSubnetGroupDescription='x', SubnetIds=[s['SubnetId'] for s in vpc])\n\
             rds.create_db_parameter_group(DBParameterGroupName='drills-postgres15', DBParameterGroupFamily='postgres15', Description='x')\n\
             rds.modify_db_parameter_group(DBParameterGroupName='drills-postgres15', Parameters=[{'ParameterName': \
               'max_logical_replication_workers', 'ParameterValue': '0', 'ApplyMethod': 'pending-reboot'}])\n\
             rds.create_db_instance(DBInstanceIdentifier='shop-prod', Engine='postgres', EngineVersion='15.12', MasterUsername='shop_master', \
               MasterUserPassword='productions-own', DBInstanceClass='db.t4g.medium', AllocatedStorage=20, DBName='shop', Port=5432)\n\
             rds.create_db_snapshot(DBInstanceIdentifier='shop-prod', DBSnapshotIdentifier='weekly')\n\
             rds.create_db_snapshot(DBInstanceIdentifier='shop-prod', DBSnapshotIdentifier='before-the-release')\n\
             rds.copy_db_snapshot(SourceDBSnapshotIdentifier='weekly', TargetDBSnapshotIdentifier='a-copy-of-weekly')\n",
        );
    });
    server.port
}

/// Another client than ours, in Python: `rds` and `ec2` are boto3's.
pub fn client(what: &str) -> String {
    let server = moto();
    let with = format!(
        "dict(endpoint_url='http://127.0.0.1:{}', region_name='eu-central-1', aws_access_key_id='{KEY}', aws_secret_access_key='{SECRET}')",
        server.port
    );
    server
        .python(&format!(
            "import boto3\nrds = boto3.client('rds', **{with})\nec2 = boto3.client('ec2', **{with})\n{what}"
        ))
        .unwrap()
}

/// Names of the instances that are there, production's included.
pub fn instances() -> Vec<String> {
    let listed =
        client("print(*[i['DBInstanceIdentifier'] for i in rds.describe_db_instances()['DBInstances']])");
    listed.split_whitespace().map(str::to_owned).collect()
}

/// A drill on the cloud behind a front of its own.
pub struct Place {
    pub scene: Scene,
    pub front: Front,
}

impl Place {
    pub fn new(plan: Plan) -> Self {
        let front = Front::before(production_in_the_cloud(), instance(), plan);
        let scene = Scene::empty();
        let place = Self { scene, front };
        place.write(&place.example());
        place
    }

    /// `drills/rds.yaml`, with moto for AWS and the real server for the temporary instance.
    pub fn example(&self) -> String {
        let text = fs::read_to_string(root().join("drills/rds.yaml")).unwrap();
        let here = [
            ("/etc/drillyard/global-bundle.pem".to_owned(), instance().authority().display().to_string()),
            (
                "      database:\n".to_owned(),
                format!(
                    "      endpoint: http://127.0.0.1:{}\n      credentials: {{ access_key_id: {{ env: RDS_KEY }}, secret_access_key: {{ env: RDS_SECRET }} }}\n      database:\n        address: {}\n",
                    self.front.port,
                    instance().address
                ),
            ),
        ];
        here.iter().fold(text, |text, (of_aws, here)| {
            assert!(text.contains(of_aws), "the example says {of_aws}");
            text.replace(of_aws, here)
        })
    }

    pub fn write(&self, drill: &str) {
        self.scene.write("drills/rds.yaml", drill);
    }

    pub fn run(&self) -> Run {
        self.scene.run_file_with("drills/rds.yaml", &SECRETS)
    }
}

/// What the drill's references stand for.
pub const SECRETS: [(&str, &str); 2] = [("RDS_KEY", KEY), ("RDS_SECRET", SECRET)];
