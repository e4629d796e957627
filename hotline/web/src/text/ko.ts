// Every word the pages show, in Korean. en.ts has the same keys, or it does not compile.

export const ko = {
  language: "한국어",
  otherLanguage: "English",
  product: "Hotline",

  // Sign-in
  signIn: "로그인",
  signInTitle: "영상 공유 시스템",
  signingIn: "확인 중…",
  signOut: "로그아웃",
  username: "아이디",
  password: "비밀번호",

  // Pages
  operatorPage: "영상 공유",
  controlRoomPage: "상황실",
  vehiclePage: "출동 차량",

  // Connection of this page with the service
  pathOpen: "연결됨",
  pathConnecting: "연결 중",
  pathDown: (ago: string): string => `연결 끊김 ${ago}`,

  seconds: (count: number): string => `${String(count)}초`,

  // Tile: badge
  stateLive: "실시간",
  stateConnecting: "연결 중",
  stateStalled: "영상 멈춤",
  statePathDead: "수신 끊김",
  stateDecoderStuck: "재생 멈춤",
  stateOffline: "카메라 연결 끊김",

  // Tile: what is wrong, in one line
  causeSource: "카메라에서 영상이 오지 않습니다",
  causeConnectingAgain: "카메라에 다시 연결하고 있습니다",
  causeEvents: "서버와 연결이 끊겼습니다",
  causeConnection: "영상 연결이 되지 않습니다",
  causePackets: "영상 데이터가 오지 않습니다",
  causeLate: "영상이 늦게 도착합니다",
  causeDecoder: "데이터는 오지만 화면이 멈췄습니다",
  lastPicture: (time: string): string => `마지막 영상 ${time}`,
  ago: (duration: string): string => `${duration} 전`,
  nextAttempt: (duration: string): string => `다음 시도 ${duration} 후`,
  noPictureYet: "아직 영상 없음",
  tapToPlay: "눌러서 재생",
  enlarge: (name: string): string => `${name} 크게 보기`,
  shrink: "전체 보기",

  // Places and directions
  heading: (degrees: number): string => `방향 ${String(degrees)}°`,
  facesPlace: "현장을 향함",

  // Incident
  incident: "사건",
  openIncidents: "진행 중인 사건",
  noIncidents: "진행 중인 사건이 없습니다",
  newIncident: "새 사건",
  reportHint: "지도를 누르거나 장소를 고르세요",
  kind: "종류",
  place: "장소",
  choosePlace: "장소 선택",
  pointOnMap: "지도에서 고른 지점",
  address: "주소",
  addressHint: "예: 북변동 전통시장 3번 출입구",
  incidentNumber: "사건 번호",
  incidentNumberHint: "비워 두면 자동으로 매깁니다",
  report: "사건 등록",
  reporting: "등록 중…",
  cancel: "취소",
  back: "목록으로",
  closeIncident: "사건 종료",
  closeIncidentSure: "사건을 종료하고 공유도 모두 끝냅니까?",
  closeIncidentNow: "사건 종료",
  reportedAt: (time: string): string => `${time} 접수`,

  // Candidates
  candidates: "가까운 카메라",
  noCandidates: "반경 안에 카메라가 없습니다",
  chosen: (count: number, all: number): string => `${String(all)}대 중 ${String(count)}대 선택`,
  chooseCamera: (name: string): string => `${name} 공유에 넣기`,
  searching: "가까운 카메라를 찾는 중…",
  moreCameras: "카메라 더 보기",
  stillOf: (time: string): string => `정지 ${time}`,
  stillWaiting: "정지 영상을 받는 중…",

  // Share
  share: "공유",
  shareWith: "받는 곳",
  sharing: "공유 중…",
  shareCameras: (count: number): string => `카메라 ${String(count)}대 공유`,
  noUnits: "등록된 부대가 없습니다",
  duration: "시간",
  minutes: (count: number): string => `${String(count)}분`,
  purpose: "목적",
  legalBasis: "법적 근거",
  overlay: "카메라 이름·시각 표시",
  watermark: "받는 곳 이름 표시",
  chooseCamerasFirst: "카메라를 한 대 이상 고르세요",
  chooseUnitsFirst: "받는 곳을 한 곳 이상 고르세요",
  runningShares: "진행 중인 공유",
  noRunningShares: "진행 중인 공유가 없습니다",
  timeLeft: "남은 시간",
  extend: (minutes: number): string => `${String(minutes)}분 연장`,
  end: "공유 끝내기",
  endSure: "지금 끝냅니까?",
  endNow: "끝내기",
  keep: "계속",
  cameraCount: (count: number): string => `카메라 ${String(count)}대`,
  shared: "공유됨",
  alreadyShared: "공유 중",

  // Turning a camera
  ptzTurn: (name: string): string => `${name} 조작`,
  ptzTurnShort: "조작",
  ptzClose: "후보 목록",
  ptzLaw: "개인정보 보호법 제25조제5항에 따라 정해진 목적으로만 조작할 수 있고, 모든 조작이 기록됩니다.",
  ptzPurpose: "조작 목적 선택",
  ptzTake: "카메라 조작 시작",
  ptzLonger: "연장",
  ptzEnd: "조작 끝내기",
  ptzPad: "방향과 확대",
  ptzUp: "위로",
  ptzDown: "아래로",
  ptzLeft: "왼쪽으로",
  ptzRight: "오른쪽으로",
  ptzIn: "확대",
  ptzOut: "축소",
  ptzPresets: "프리셋",
  ptzHint: "누르고 있는 동안 움직이고 놓으면 멈춥니다. 화살표 키와 +, - 키도 됩니다.",
  ptzOver: "조작 시간이 끝났습니다. 카메라를 제자리로 돌립니다.",
  ptzReturned: "카메라가 제자리로 돌아갑니다.",
  ptzReturning: "카메라가 아직 응답하지 않습니다. 제자리로 돌리기를 계속 시도합니다.",

  // Map
  map: "지도",
  mapLabel: "카메라 지도. 누르면 그 지점에 사건을 만듭니다.",
  zoomIn: "확대",
  zoomOut: "축소",
  toIncident: "사건 위치로",
  toCity: "시 전체",

  // Wall and vehicle
  waitingTitle: "공유 중인 영상이 없습니다",
  waitingHint: "공유가 시작되면 영상이 자동으로 나타납니다",
  waitingOffline: "서버에 다시 연결하고 있습니다",
  shareEnded: "공유가 끝났습니다",
  previousCamera: "이전 카메라",
  nextCamera: "다음 카메라",
  cameraOf: (index: number, count: number): string => `${String(index)} / ${String(count)}`,
  wallLabel: "카메라 영상",
  stripLabel: "카메라 목록",
  quality: "화질",
  qualityAuto: "자동",
  qualityFull: "고화질",
  qualitySmall: "저화질",
  sleepNotPrevented: "화면 꺼짐을 막을 수 없습니다",

  // Errors
  errorUnreachable: "서버가 응답하지 않습니다. 다시 시도하세요.",
  errorSignIn: "아이디 또는 비밀번호가 맞지 않습니다.",
  errorRole: "이 계정으로는 이 화면을 볼 수 없습니다.",
  retry: "다시 시도",
  loading: "불러오는 중…",
};

export type Texts = typeof ko;
