// The page of a VM's console. It logs in, asks the API for a ticket and for a pass, and
// shows the display with noVNC over a WebSocket. The token of the login is in this
// script's memory alone: a page that is loaded anew asks again.

import RFB from "/web/novnc/core/rfb.js";

const vm = location.pathname.split("/").pop().toLowerCase();
const root = "/ovirt-engine/api/v4";
const element = (id) => document.getElementById(id);

let token = "";
let user = "";
let viewer = null;

function say(text) {
    element("state").textContent = text;
}

// reasonOf finds the sentence in an answer of the API that refuses.
function reasonOf(answer, code) {
    const fault = answer.fault || answer;
    return fault.detail || fault.reason || answer.error || "The engine answers with " + code + ".";
}

async function call(method, path) {
    const answer = await fetch(path, {
        method: method, credentials: "omit", cache: "no-store",
        headers: {
            "Authorization": "Bearer " + token, "Accept": "application/json", "Content-Type": "application/json",
        },
        body: method === "POST" ? "{}" : undefined,
    });
    const body = await answer.json().catch(() => ({}));
    if (answer.status === 401) {
        showLogin();
    }
    if (!answer.ok) {
        throw new Error(reasonOf(body, answer.status));
    }
    return body;
}

async function logIn(name, password) {
    const answer = await fetch("/ovirt-engine/sso/oauth/token", {
        method: "POST", credentials: "omit", cache: "no-store", headers: { "Accept": "application/json" },
        body: new URLSearchParams({ grant_type: "password", scope: "ovirt-app-api", username: name, password: password }),
    });
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok) {
        throw new Error(reasonOf(body, answer.status));
    }
    token = body.access_token;
    user = name;
}

function showLogin() {
    token = "";
    element("login").hidden = false;
    element("buttons").hidden = true;
}

// connect sets a ticket, which throws off whoever was there, and opens the display.
async function connect() {
    element("again").hidden = true;
    say("Connecting…");
    const listed = await call("GET", root + "/vms/" + vm + "/graphicsconsoles?current=true");
    const display = (listed.graphics_console || []).find((one) => one.protocol === "vnc");
    if (!display) {
        throw new Error("The VM shows no VNC display. It is not running, or has SPICE: open that with remote-viewer.");
    }
    const ticket = (await call("POST", root + "/vms/" + vm + "/ticket")).ticket.value;
    const pass = (await call("POST", root + "/vms/" + vm + "/graphicsconsoles/" + display.id + "/proxyticket")).proxy_ticket.value;
    const address = (location.protocol === "http:" ? "ws://" : "wss://") + location.host +
        "/console/" + vm + "/vnc?token=" + encodeURIComponent(pass);
    const socket = new WebSocket(address, ["binary"]);
    let why = "";
    socket.addEventListener("close", (event) => { why = event.reason; });
    viewer = new RFB(element("screen"), socket, { credentials: { username: user, password: ticket } });
    viewer.scaleViewport = true;
    viewer.focusOnClick = true;
    viewer.addEventListener("connect", () => {
        say("Connected.");
        viewer.focus();
    });
    viewer.addEventListener("securityfailure", () => say("The ticket was not accepted."));
    viewer.addEventListener("disconnect", () => {
        viewer = null;
        say("Disconnected. " + why);
        element("again").hidden = token === "";
    });
}

function attempt(work) {
    work().catch((error) => {
        say(error.message);
        element("again").hidden = token === "";
    });
}

element("login").addEventListener("submit", (event) => {
    event.preventDefault();
    const password = element("password");
    attempt(async () => {
        await logIn(element("user").value, password.value);
        password.value = "";
        element("login").hidden = true;
        element("buttons").hidden = false;
        await connect();
    });
});

element("again").addEventListener("click", () => attempt(connect));

element("keys").addEventListener("click", () => {
    if (viewer) {
        viewer.sendCtrlAltDel();
        viewer.focus();
    }
});

element("logout").addEventListener("click", () => attempt(async () => {
    const ending = token;
    showLogin();
    if (viewer) {
        viewer.disconnect();
    }
    await fetch("/ovirt-engine/sso/oauth/revoke", {
        method: "POST", credentials: "omit", headers: { "Accept": "application/json" },
        body: new URLSearchParams({ scope: "ovirt-app-api", token: ending }),
    });
}));
