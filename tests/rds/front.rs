//! A front before moto's RDS. moto is ready at once and never refuses: this one is slow, refuses, and carries a new
//! password to the real server that stands for the temporary instance.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;

use crate::place::Instance;

/// What the front does beside forwarding.
#[derive(Default)]
pub struct Plan {
    /// States that the instance is told to be in, one a look, before the real one.
    pub states: Vec<&'static str>,
    /// Calls that are refused: (action, status, code, how often).
    pub refuse: Vec<(&'static str, u16, &'static str, u32)>,
    /// Calls that are done and whose answer is lost, once each.
    pub lose: Vec<&'static str>,
    /// Calls whose answer begins and never ends, once each.
    pub stall: Vec<&'static str>,
    /// Looks for which a deleted instance is still there.
    pub lingers: u32,
    /// The state that snapshots are told to be in.
    pub snapshot: Option<&'static str>,
    /// What is told otherwise of an instance: words of the answer, and others in their place.
    pub untrue: Vec<(&'static str, &'static str)>,
    /// What becomes of this plan once an action was answered.
    pub then: Option<(&'static str, Box<Plan>)>,
    /// A password that the service takes and the server does not, for so many tries.
    pub deaf: bool,
}

/// What was asked, in order.
#[derive(Debug, Clone)]
pub struct Call {
    pub action: String,
    pub parameters: BTreeMap<String, String>,
}

pub struct Front {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    behind: u16,
    instance: &'static Instance,
    /// The master user of this front's instances: each has a password of its own.
    master: String,
    plan: Mutex<Plan>,
    calls: Mutex<Vec<Call>>,
    /// Instances that were told to go and linger.
    going: Mutex<Option<(Bytes, HeaderMap)>>,
    client: reqwest::Client,
}

impl Front {
    /// Listens before moto; lives until the process ends.
    pub fn before(behind: u16, instance: &'static Instance, plan: Plan) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            behind,
            instance,
            master: instance.new_master(),
            plan: Mutex::new(plan),
            calls: Mutex::default(),
            going: Mutex::default(),
            client: reqwest::Client::new(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, router).await.unwrap();
            });
        });
        Self { port, shared }
    }

    /// Calls of one action.
    pub fn calls(&self, action: &str) -> Vec<Call> {
        self.shared.calls.lock().unwrap().iter().filter(|call| call.action == action).cloned().collect()
    }

    /// The master user of its instances.
    pub fn master(&self) -> &str {
        &self.shared.master
    }

    /// Does otherwise from now on.
    pub fn plan(&self, plan: Plan) {
        *self.shared.plan.lock().unwrap() = plan;
    }

    /// Refuses nothing any more.
    pub fn be_kind(&self) {
        self.plan(Plan::default());
    }
}

async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let parameters = decoded(&String::from_utf8_lossy(&body));
    let action = parameters.get("Action").cloned().unwrap_or_default();
    let response = answer_as_planned(&shared, &action, parameters, headers, body).await;
    let mut plan = shared.plan.lock().unwrap();
    if plan.then.as_ref().is_some_and(|(after, _)| *after == action) {
        *plan = *plan.then.take().unwrap().1;
    }
    response
}

async fn answer_as_planned(
    shared: &Shared,
    action: &str,
    parameters: BTreeMap<String, String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.calls.lock().unwrap().push(Call { action: action.to_owned(), parameters: parameters.clone() });
    if let Some(refusal) = shared.refusal(action) {
        return refusal;
    }
    match action {
        "ModifyDBInstance" => shared.take_password(&parameters),
        "DeleteDBInstance" if shared.plan.lock().unwrap().lingers > 0 => {
            *shared.going.lock().unwrap() = Some((body.clone(), headers.clone()));
            let done = "<DeleteDBInstanceResponse><DeleteDBInstanceResult><DBInstance/></DeleteDBInstanceResult></DeleteDBInstanceResponse>";
            return (StatusCode::OK, [(header::CONTENT_TYPE, "text/xml")], done).into_response();
        }
        "DescribeDBInstances" => shared.let_go().await,
        _ => {}
    }
    let (status, text) = shared.forward(&headers, body).await;
    if shared.once(action, |plan| &mut plan.lose) {
        return (StatusCode::INTERNAL_SERVER_ERROR, "").into_response();
    }
    let text = shared.as_planned(action, &text);
    if shared.once(action, |plan| &mut plan.stall) {
        let half = Bytes::from(text.as_bytes()[..text.len() / 2].to_vec());
        let body = futures_util::stream::once(async { Ok::<_, std::io::Error>(half) })
            .chain(futures_util::stream::pending());
        return (status, [(header::CONTENT_TYPE, "text/xml")], Body::from_stream(body)).into_response();
    }
    (status, [(header::CONTENT_TYPE, "text/xml")], text).into_response()
}

impl Shared {
    fn refusal(&self, action: &str) -> Option<Response> {
        let mut plan = self.plan.lock().unwrap();
        let found = plan.refuse.iter_mut().find(|refused| refused.0 == action && refused.3 > 0)?;
        found.3 -= 1;
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>the front says so</Message></Error></ErrorResponse>",
            found.2
        );
        Some(
            (StatusCode::from_u16(found.1).unwrap(), [(header::CONTENT_TYPE, "text/xml")], body)
                .into_response(),
        )
    }

    /// Whether a list of the plan holds this action; not any more from then on.
    fn once(&self, action: &str, list: fn(&mut Plan) -> &mut Vec<&'static str>) -> bool {
        let mut plan = self.plan.lock().unwrap();
        let list = list(&mut plan);
        let at = list.iter().position(|listed| *listed == action);
        at.map(|at| list.remove(at)).is_some()
    }

    fn take_password(&self, parameters: &BTreeMap<String, String>) {
        if let Some(password) =
            parameters.get("MasterUserPassword").filter(|_| !self.plan.lock().unwrap().deaf)
        {
            self.instance.set_password(&self.master, password);
        }
    }

    /// Deletes what lingers once it has lingered long enough.
    async fn let_go(&self) {
        let over = {
            let mut plan = self.plan.lock().unwrap();
            plan.lingers = plan.lingers.saturating_sub(u32::from(self.going.lock().unwrap().is_some()));
            plan.lingers == 0
        };
        let going = if over { self.going.lock().unwrap().take() } else { None };
        if let Some((body, headers)) = going {
            self.forward(&headers, body).await;
        }
    }

    async fn forward(&self, headers: &HeaderMap, body: Bytes) -> (StatusCode, String) {
        let mut request = self.client.post(format!("http://127.0.0.1:{}/", self.behind)).body(body);
        for name in ["authorization", "content-type", "x-amz-date"] {
            if let Some(value) = headers.get(name) {
                request = request.header(name, value);
            }
        }
        let answered = request.send().await.unwrap();
        (answered.status(), answered.text().await.unwrap())
    }

    fn as_planned(&self, action: &str, text: &str) -> String {
        let text = text.replace(">shop_master<", &format!(">{}<", self.master));
        let mut plan = self.plan.lock().unwrap();
        // What RDS always tells, and moto leaves out of an instance that was a snapshot.
        let text = if text.contains("<PubliclyAccessible>") {
            text
        } else {
            let public = "<PubliclyAccessible>false</PubliclyAccessible><DBInstanceStatus>";
            text.replace("<DBInstanceStatus>", public)
        };
        let text = match action {
            "DescribeDBInstances" => plan.untrue.iter().fold(text, |text, (is, told)| text.replace(is, told)),
            _ => text,
        };
        let state = match action {
            "DescribeDBInstances" if self.going.lock().unwrap().is_some() => Some("deleting"),
            "DescribeDBInstances"
                if !plan.states.is_empty() && text.contains("<DBInstanceIdentifier>drillyard-") =>
            {
                Some(plan.states.remove(0))
            }
            "DescribeDBSnapshots" => {
                return match plan.snapshot {
                    Some(state) => {
                        text.replace("<Status>available</Status>", &format!("<Status>{state}</Status>"))
                    }
                    None => text,
                };
            }
            _ => None,
        };
        match state {
            Some(state) => text.replace(
                "<DBInstanceStatus>available</DBInstanceStatus>",
                &format!("<DBInstanceStatus>{state}</DBInstanceStatus>"),
            ),
            None => text,
        }
    }
}

/// A form's fields.
fn decoded(form: &str) -> BTreeMap<String, String> {
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (unescaped(name), unescaped(value))).collect()
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        match byte {
            b'%' => bytes.push(u8::try_from(digit().unwrap() * 16 + digit().unwrap()).unwrap()),
            b'+' => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).unwrap()
}
