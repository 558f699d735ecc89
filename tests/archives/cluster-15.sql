--
-- PostgreSQL database cluster dump
--

\restrict evbXFNFP5sNKqdGpH6MUwgvli5hpSmehKbiBBzVkxA3gzdi8MC4iqxh5eBnwWpy

SET default_transaction_read_only = off;

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

--
-- Roles
--

CREATE ROLE "Corner ""Grantee""";
ALTER ROLE "Corner ""Grantee""" WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;
CREATE ROLE corner_owner;
ALTER ROLE corner_owner WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;
CREATE ROLE corner_policy;
ALTER ROLE corner_policy WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;
CREATE ROLE corner_reader;
ALTER ROLE corner_reader WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;
CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS;

--
-- User Configurations
--








\unrestrict evbXFNFP5sNKqdGpH6MUwgvli5hpSmehKbiBBzVkxA3gzdi8MC4iqxh5eBnwWpy

--
-- Databases
--

--
-- Database "template1" dump
--

\connect template1

--
-- PostgreSQL database dump
--

\restrict f4YujbHIvtXLmEtF4wlKxVtLbUJaFHWr1BcNFqum4Acnn5ITFHITN8rMHqYZScF

-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- PostgreSQL database dump complete
--

\unrestrict f4YujbHIvtXLmEtF4wlKxVtLbUJaFHWr1BcNFqum4Acnn5ITFHITN8rMHqYZScF

--
-- Database "corner" dump
--

--
-- PostgreSQL database dump
--

\restrict lUIgqRH5Un2g9R3L0CgeOUp6sa6OWI7kOUzhRSg2ownP3b1LtoY1K1jkjrKuXIZ

-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: corner; Type: DATABASE; Schema: -; Owner: corner_owner
--

CREATE DATABASE corner WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C.UTF-8';


ALTER DATABASE corner OWNER TO corner_owner;

\unrestrict lUIgqRH5Un2g9R3L0CgeOUp6sa6OWI7kOUzhRSg2ownP3b1LtoY1K1jkjrKuXIZ
\connect corner
\restrict lUIgqRH5Un2g9R3L0CgeOUp6sa6OWI7kOUzhRSg2ownP3b1LtoY1K1jkjrKuXIZ

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: side; Type: SCHEMA; Schema: -; Owner: corner_owner
--

CREATE SCHEMA side;


ALTER SCHEMA side OWNER TO corner_owner;

--
-- Name: pg_trgm; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;


--
-- Name: EXTENSION pg_trgm; Type: COMMENT; Schema: -; Owner: 
--

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';


--
-- Name: note(); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.note() RETURNS event_trigger
    LANGUAGE plpgsql
    AS $$ begin null; end $$;


ALTER FUNCTION public.note() OWNER TO postgres;

--
-- Name: speak(); Type: FUNCTION; Schema: side; Owner: corner_owner
--

CREATE FUNCTION side.speak() RETURNS text
    LANGUAGE sql
    AS $$ select 'ALTER TABLE x OWNER TO nobody_at_all;'::text $$;


ALTER FUNCTION side.speak() OWNER TO corner_owner;

SET default_tablespace = '';

--
-- Name: by_year; Type: TABLE; Schema: side; Owner: corner_owner
--

CREATE TABLE side.by_year (
    year integer NOT NULL,
    what text
)
PARTITION BY RANGE (year);


ALTER TABLE side.by_year OWNER TO corner_owner;

SET default_table_access_method = heap;

--
-- Name: by_year_2026; Type: TABLE; Schema: side; Owner: corner_owner
--

CREATE TABLE side.by_year_2026 (
    year integer NOT NULL,
    what text
);


ALTER TABLE side.by_year_2026 OWNER TO corner_owner;

--
-- Name: fruits; Type: TABLE; Schema: side; Owner: corner_owner
--

CREATE TABLE side.fruits (
    id integer NOT NULL,
    name text NOT NULL
);


ALTER TABLE side.fruits OWNER TO corner_owner;

--
-- Name: counted; Type: MATERIALIZED VIEW; Schema: side; Owner: corner_owner
--

CREATE MATERIALIZED VIEW side.counted AS
 SELECT count(*) AS fruits
   FROM side.fruits
  WITH NO DATA;


ALTER TABLE side.counted OWNER TO corner_owner;

--
-- Name: empty; Type: TABLE; Schema: side; Owner: corner_owner
--

CREATE TABLE side.empty (
    nothing text
);


ALTER TABLE side.empty OWNER TO corner_owner;

--
-- Name: fruits_id_seq; Type: SEQUENCE; Schema: side; Owner: corner_owner
--

ALTER TABLE side.fruits ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME side.fruits_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: lonely; Type: SEQUENCE; Schema: side; Owner: corner_owner
--

CREATE SEQUENCE side.lonely
    START WITH 7
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE side.lonely OWNER TO corner_owner;

--
-- Name: names; Type: VIEW; Schema: side; Owner: corner_owner
--

CREATE VIEW side.names AS
 SELECT fruits.name
   FROM side.fruits;


ALTER TABLE side.names OWNER TO corner_owner;

--
-- Name: to; Type: TABLE; Schema: side; Owner: corner_owner
--

CREATE TABLE side."to" (
    payload bytea
);


ALTER TABLE side."to" OWNER TO corner_owner;

--
-- Name: by_year_2026; Type: TABLE ATTACH; Schema: side; Owner: corner_owner
--

ALTER TABLE ONLY side.by_year ATTACH PARTITION side.by_year_2026 FOR VALUES FROM (2026) TO (2027);


--
-- Name: 17237; Type: BLOB; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('17237');


ALTER LARGE OBJECT 17237 OWNER TO postgres;

--
-- Data for Name: by_year_2026; Type: TABLE DATA; Schema: side; Owner: corner_owner
--

COPY side.by_year_2026 (year, what) FROM stdin;
\.


--
-- Data for Name: empty; Type: TABLE DATA; Schema: side; Owner: corner_owner
--

COPY side.empty (nothing) FROM stdin;
\.


--
-- Data for Name: fruits; Type: TABLE DATA; Schema: side; Owner: corner_owner
--

COPY side.fruits (id, name) FROM stdin;
1	fruit number 1
2	fruit number 2
3	fruit number 3
4	fruit number 4
5	fruit number 5
6	fruit number 6
7	fruit number 7
8	fruit number 8
9	fruit number 9
10	fruit number 10
11	fruit number 11
12	fruit number 12
13	fruit number 13
14	fruit number 14
15	fruit number 15
16	fruit number 16
17	fruit number 17
18	fruit number 18
19	fruit number 19
20	fruit number 20
21	fruit number 21
22	fruit number 22
23	fruit number 23
24	fruit number 24
25	fruit number 25
26	fruit number 26
27	fruit number 27
28	fruit number 28
29	fruit number 29
30	fruit number 30
31	fruit number 31
32	fruit number 32
33	fruit number 33
34	fruit number 34
35	fruit number 35
36	fruit number 36
37	fruit number 37
38	fruit number 38
39	fruit number 39
40	fruit number 40
41	fruit number 41
42	fruit number 42
43	fruit number 43
44	fruit number 44
45	fruit number 45
46	fruit number 46
47	fruit number 47
48	fruit number 48
49	fruit number 49
50	fruit number 50
51	fruit number 51
52	fruit number 52
53	fruit number 53
54	fruit number 54
55	fruit number 55
56	fruit number 56
57	fruit number 57
58	fruit number 58
59	fruit number 59
60	fruit number 60
61	fruit number 61
62	fruit number 62
63	fruit number 63
64	fruit number 64
65	fruit number 65
66	fruit number 66
67	fruit number 67
68	fruit number 68
69	fruit number 69
70	fruit number 70
71	fruit number 71
72	fruit number 72
73	fruit number 73
74	fruit number 74
75	fruit number 75
76	fruit number 76
77	fruit number 77
78	fruit number 78
79	fruit number 79
80	fruit number 80
81	fruit number 81
82	fruit number 82
83	fruit number 83
84	fruit number 84
85	fruit number 85
86	fruit number 86
87	fruit number 87
88	fruit number 88
89	fruit number 89
90	fruit number 90
91	fruit number 91
92	fruit number 92
93	fruit number 93
94	fruit number 94
95	fruit number 95
96	fruit number 96
97	fruit number 97
98	fruit number 98
99	fruit number 99
100	fruit number 100
101	fruit number 101
102	fruit number 102
103	fruit number 103
104	fruit number 104
105	fruit number 105
106	fruit number 106
107	fruit number 107
108	fruit number 108
109	fruit number 109
110	fruit number 110
111	fruit number 111
112	fruit number 112
113	fruit number 113
114	fruit number 114
115	fruit number 115
116	fruit number 116
117	fruit number 117
118	fruit number 118
119	fruit number 119
120	fruit number 120
121	fruit number 121
122	fruit number 122
123	fruit number 123
124	fruit number 124
125	fruit number 125
126	fruit number 126
127	fruit number 127
128	fruit number 128
129	fruit number 129
130	fruit number 130
131	fruit number 131
132	fruit number 132
133	fruit number 133
134	fruit number 134
135	fruit number 135
136	fruit number 136
137	fruit number 137
138	fruit number 138
139	fruit number 139
140	fruit number 140
141	fruit number 141
142	fruit number 142
143	fruit number 143
144	fruit number 144
145	fruit number 145
146	fruit number 146
147	fruit number 147
148	fruit number 148
149	fruit number 149
150	fruit number 150
151	fruit number 151
152	fruit number 152
153	fruit number 153
154	fruit number 154
155	fruit number 155
156	fruit number 156
157	fruit number 157
158	fruit number 158
159	fruit number 159
160	fruit number 160
161	fruit number 161
162	fruit number 162
163	fruit number 163
164	fruit number 164
165	fruit number 165
166	fruit number 166
167	fruit number 167
168	fruit number 168
169	fruit number 169
170	fruit number 170
171	fruit number 171
172	fruit number 172
173	fruit number 173
174	fruit number 174
175	fruit number 175
176	fruit number 176
177	fruit number 177
178	fruit number 178
179	fruit number 179
180	fruit number 180
181	fruit number 181
182	fruit number 182
183	fruit number 183
184	fruit number 184
185	fruit number 185
186	fruit number 186
187	fruit number 187
188	fruit number 188
189	fruit number 189
190	fruit number 190
191	fruit number 191
192	fruit number 192
193	fruit number 193
194	fruit number 194
195	fruit number 195
196	fruit number 196
197	fruit number 197
198	fruit number 198
199	fruit number 199
200	fruit number 200
201	fruit number 201
202	fruit number 202
203	fruit number 203
204	fruit number 204
205	fruit number 205
206	fruit number 206
207	fruit number 207
208	fruit number 208
209	fruit number 209
210	fruit number 210
211	fruit number 211
212	fruit number 212
213	fruit number 213
214	fruit number 214
215	fruit number 215
216	fruit number 216
217	fruit number 217
218	fruit number 218
219	fruit number 219
220	fruit number 220
221	fruit number 221
222	fruit number 222
223	fruit number 223
224	fruit number 224
225	fruit number 225
226	fruit number 226
227	fruit number 227
228	fruit number 228
229	fruit number 229
230	fruit number 230
231	fruit number 231
232	fruit number 232
233	fruit number 233
234	fruit number 234
235	fruit number 235
236	fruit number 236
237	fruit number 237
238	fruit number 238
239	fruit number 239
240	fruit number 240
241	fruit number 241
242	fruit number 242
243	fruit number 243
244	fruit number 244
245	fruit number 245
246	fruit number 246
247	fruit number 247
248	fruit number 248
249	fruit number 249
250	fruit number 250
251	fruit number 251
252	fruit number 252
253	fruit number 253
254	fruit number 254
255	fruit number 255
256	fruit number 256
257	fruit number 257
258	fruit number 258
259	fruit number 259
260	fruit number 260
261	fruit number 261
262	fruit number 262
263	fruit number 263
264	fruit number 264
265	fruit number 265
266	fruit number 266
267	fruit number 267
268	fruit number 268
269	fruit number 269
270	fruit number 270
271	fruit number 271
272	fruit number 272
273	fruit number 273
274	fruit number 274
275	fruit number 275
276	fruit number 276
277	fruit number 277
278	fruit number 278
279	fruit number 279
280	fruit number 280
281	fruit number 281
282	fruit number 282
283	fruit number 283
284	fruit number 284
285	fruit number 285
286	fruit number 286
287	fruit number 287
288	fruit number 288
289	fruit number 289
290	fruit number 290
291	fruit number 291
292	fruit number 292
293	fruit number 293
294	fruit number 294
295	fruit number 295
296	fruit number 296
297	fruit number 297
298	fruit number 298
299	fruit number 299
300	fruit number 300
301	fruit number 301
302	fruit number 302
303	fruit number 303
304	fruit number 304
305	fruit number 305
306	fruit number 306
307	fruit number 307
308	fruit number 308
309	fruit number 309
310	fruit number 310
311	fruit number 311
312	fruit number 312
313	fruit number 313
314	fruit number 314
315	fruit number 315
316	fruit number 316
317	fruit number 317
318	fruit number 318
319	fruit number 319
320	fruit number 320
321	fruit number 321
322	fruit number 322
323	fruit number 323
324	fruit number 324
325	fruit number 325
326	fruit number 326
327	fruit number 327
328	fruit number 328
329	fruit number 329
330	fruit number 330
331	fruit number 331
332	fruit number 332
333	fruit number 333
334	fruit number 334
335	fruit number 335
336	fruit number 336
337	fruit number 337
338	fruit number 338
339	fruit number 339
340	fruit number 340
341	fruit number 341
342	fruit number 342
343	fruit number 343
344	fruit number 344
345	fruit number 345
346	fruit number 346
347	fruit number 347
348	fruit number 348
349	fruit number 349
350	fruit number 350
351	fruit number 351
352	fruit number 352
353	fruit number 353
354	fruit number 354
355	fruit number 355
356	fruit number 356
357	fruit number 357
358	fruit number 358
359	fruit number 359
360	fruit number 360
361	fruit number 361
362	fruit number 362
363	fruit number 363
364	fruit number 364
365	fruit number 365
366	fruit number 366
367	fruit number 367
368	fruit number 368
369	fruit number 369
370	fruit number 370
371	fruit number 371
372	fruit number 372
373	fruit number 373
374	fruit number 374
375	fruit number 375
376	fruit number 376
377	fruit number 377
378	fruit number 378
379	fruit number 379
380	fruit number 380
381	fruit number 381
382	fruit number 382
383	fruit number 383
384	fruit number 384
385	fruit number 385
386	fruit number 386
387	fruit number 387
388	fruit number 388
389	fruit number 389
390	fruit number 390
391	fruit number 391
392	fruit number 392
393	fruit number 393
394	fruit number 394
395	fruit number 395
396	fruit number 396
397	fruit number 397
398	fruit number 398
399	fruit number 399
400	fruit number 400
\.


--
-- Data for Name: to; Type: TABLE DATA; Schema: side; Owner: corner_owner
--

COPY side."to" (payload) FROM stdin;
\\xc4ca4238a0b923820dcc509a6f75849b
\\xc81e728d9d4c2f636f067f89cc14862c
\\xeccbc87e4b5ce2fe28308fd9f2a7baf3
\\xa87ff679a2f3e71d9181a67b7542122c
\\xe4da3b7fbbce2345d7772b0674a318d5
\\x1679091c5a880faf6fb5e6087eb1b2dc
\\x8f14e45fceea167a5a36dedd4bea2543
\\xc9f0f895fb98ab9159f51fd0297e236d
\\x45c48cce2e2d7fbdea1afc51c7c6ad26
\\xd3d9446802a44259755d38e6d163e820
\\x6512bd43d9caa6e02c990b0a82652dca
\\xc20ad4d76fe97759aa27a0c99bff6710
\\xc51ce410c124a10e0db5e4b97fc2af39
\\xaab3238922bcc25a6f606eb525ffdc56
\\x9bf31c7ff062936a96d3c8bd1f8f2ff3
\\xc74d97b01eae257e44aa9d5bade97baf
\\x70efdf2ec9b086079795c442636b55fb
\\x6f4922f45568161a8cdf4ad2299f6d23
\\x1f0e3dad99908345f7439f8ffabdffc4
\\x98f13708210194c475687be6106a3b84
\\x3c59dc048e8850243be8079a5c74d079
\\xb6d767d2f8ed5d21a44b0e5886680cb9
\\x37693cfc748049e45d87b8c7d8b9aacd
\\x1ff1de774005f8da13f42943881c655f
\\x8e296a067a37563370ded05f5a3bf3ec
\\x4e732ced3463d06de0ca9a15b6153677
\\x02e74f10e0327ad868d138f2b4fdd6f0
\\x33e75ff09dd601bbe69f351039152189
\\x6ea9ab1baa0efb9e19094440c317e21b
\\x34173cb38f07f89ddbebc2ac9128303f
\\xc16a5320fa475530d9583c34fd356ef5
\\x6364d3f0f495b6ab9dcf8d3b5c6e0b01
\\x182be0c5cdcd5072bb1864cdee4d3d6e
\\xe369853df766fa44e1ed0ff613f563bd
\\x1c383cd30b7c298ab50293adfecb7b18
\\x19ca14e7ea6328a42e0eb13d585e4c22
\\xa5bfc9e07964f8dddeb95fc584cd965d
\\xa5771bce93e200c36f7cd9dfd0e5deaa
\\xd67d8ab4f4c10bf22aa353e27879133c
\\xd645920e395fedad7bbbed0eca3fe2e0
\\x3416a75f4cea9109507cacd8e2f2aefc
\\xa1d0c6e83f027327d8461063f4ac58a6
\\x17e62166fc8586dfa4d1bc0e1742c08b
\\xf7177163c833dff4b38fc8d2872f1ec6
\\x6c8349cc7260ae62e3b1396831a8398f
\\xd9d4f495e875a2e075a1a4a6e1b9770f
\\x67c6a1e7ce56d3d6fa748ab6d9af3fd7
\\x642e92efb79421734881b53e1e1b18b6
\\xf457c545a9ded88f18ecee47145a72c0
\\xc0c7c76d30bd3dcaefc96f40275bdc0a
\\x2838023a778dfaecdc212708f721b788
\\x9a1158154dfa42caddbd0694a4e9bdc8
\\xd82c8d1619ad8176d665453cfb2e55f0
\\xa684eceee76fc522773286a895bc8436
\\xb53b3a3d6ab90ce0268229151c9bde11
\\x9f61408e3afb633e50cdf1b20de6f466
\\x72b32a1f754ba1c09b3695e0cb6cde7f
\\x66f041e16a60928b05a7e228a89c3799
\\x093f65e080a295f8076b1c5722a46aa2
\\x072b030ba126b2f4b2374f342be9ed44
\\x7f39f8317fbdb1988ef4c628eba02591
\\x44f683a84163b3523afe57c2e008bc8c
\\x03afdbd66e7929b125f8597834fa83a4
\\xea5d2f1c4608232e07d3aa3d998e5135
\\xfc490ca45c00b1249bbe3554a4fdf6fb
\\x3295c76acbf4caaed33c36b1b5fc2cb1
\\x735b90b4568125ed6c3f678819b6e058
\\xa3f390d88e4c41f2747bfa2f1b5f87db
\\x14bfa6bb14875e45bba028a21ed38046
\\x7cbbc409ec990f19c78c75bd1e06f215
\\xe2c420d928d4bf8ce0ff2ec19b371514
\\x32bb90e8976aab5298d5da10fe66f21d
\\xd2ddea18f00665ce8623e36bd4e3c7c5
\\xad61ab143223efbc24c7d2583be69251
\\xd09bf41544a3365a46c9077ebb5e35c3
\\xfbd7939d674997cdb4692d34de8633c4
\\x28dd2c7955ce926456240b2ff0100bde
\\x35f4a8d465e6e1edc05f3d8ab658c551
\\xd1fe173d08e959397adf34b1d77e88d7
\\xf033ab37c30201f73f142449d037028d
\\x43ec517d68b6edd3015b3edc9a11367b
\\x9778d5d219c5080b9a6a17bef029331c
\\xfe9fc289c3ff0af142b6d3bead98a923
\\x68d30a9594728bc39aa24be94b319d21
\\x3ef815416f775098fe977004015c6193
\\x93db85ed909c13838ff95ccfa94cebd9
\\xc7e1249ffc03eb9ded908c236bd1996d
\\x2a38a4a9316c49e5a833517c45d31070
\\x7647966b7343c29048673252e490f736
\\x8613985ec49eb8f757ae6439e879bb2a
\\x54229abfcfa5649e7003b83dd4755294
\\x92cc227532d17e56e07902b254dfad10
\\x98dce83da57b0395e163467c9dae521b
\\xf4b9ec30ad9f68f89b29639786cb62ef
\\x812b4ba287f5ee0bc9d43bbf5bbe87fb
\\x26657d5ff9020d2abefe558796b99584
\\xe2ef524fbf3d9fe611d5a8e90fefdc9c
\\xed3d2c21991e3bef5e069713af9fa6ca
\\xac627ab1ccbdb62ec96e702f07f6425b
\\xf899139df5e1059396431415e770c6dd
\\x38b3eff8baf56627478ec76a704e9b52
\\xec8956637a99787bd197eacd77acce5e
\\x6974ce5ac660610b44d9b9fed0ff9548
\\xc9e1074f5b3f9fc8ea15d152add07294
\\x65b9eea6e1cc6bb9f0cd2a47751a186f
\\xf0935e4cd5920aa6c7c996a5ee53a70f
\\xa97da629b098b75c294dffdc3e463904
\\xa3c65c2974270fd093ee8a9bf8ae7d0b
\\x2723d092b63885e0d7c260cc007e8b9d
\\x5f93f983524def3dca464469d2cf9f3e
\\x698d51a19d8a121ce581499d7b701668
\\x7f6ffaa6bb0b408017b62254211691b5
\\x73278a4a86960eeb576a8fd4c9ec6997
\\x5fd0b37cd7dbbb00f97ba6ce92bf5add
\\x2b44928ae11fb9384c4cf38708677c48
\\xc45147dee729311ef5b5c3003946c48f
\\xeb160de1de89d9058fcb0b968dbbbd68
\\x5ef059938ba799aaa845e1c2e8a762bd
\\x07e1cd7dca89a1678042477183b7ac3f
\\xda4fb5c6e93e74d3df8527599fa62642
\\x4c56ff4ce4aaf9573aa5dff913df997a
\\xa0a080f42e6f13b3a2df133f073095dd
\\x202cb962ac59075b964b07152d234b70
\\xc8ffe9a587b126f152ed3d89a146b445
\\x3def184ad8f4755ff269862ea77393dd
\\x069059b7ef840f0c74a814ec9237b6ec
\\xec5decca5ed3d6b8079e2e7e7bacc9f2
\\x76dc611d6ebaafc66cc0879c71b5db5c
\\xd1f491a404d6854880943e5c3cd9ca25
\\x9b8619251a19057cff70779273e95aa6
\\x1afa34a7f984eeabdbb0a7d494132ee5
\\x65ded5353c5ee48d0b7d48c591b8f430
\\x9fc3d7152ba9336a670e36d0ed79bc43
\\x02522a2b2726fb0a03bb19f2d8d9524d
\\x7f1de29e6da19d22b51c68001e7e0e54
\\x42a0e188f5033bc65bf8d78622277c4e
\\x3988c7f88ebcb58c6ce932b957b6f332
\\x013d407166ec4fa56eb1e1f8cbe183b9
\\xe00da03b685a0dd18fb6a08af0923de0
\\x1385974ed5904a438616ff7bdb3f7439
\\x0f28b5d49b3020afeecd95b4009adf4c
\\xa8baa56554f96369ab93e4f3bb068c22
\\x903ce9225fca3e988c2af215d4e544d3
\\x0a09c8844ba8f0936c20bd791130d6b6
\\x2b24d495052a8ce66358eb576b8912c8
\\xa5e00132373a7031000fd987a3c9f87b
\\x8d5e957f297893487bd98fa830fa6413
\\x47d1e990583c9c67424d369f3414728e
\\xf2217062e9a397a1dca429e7d70bc6ca
\\x7ef605fc8dba5425d6965fbd4c8fbe1f
\\xa8f15eda80c50adb0e71943adc8015cf
\\x37a749d808e46495a8da1e5352d03cae
\\xb3e3e393c77e35a4a3f3cbd1e429b5dc
\\x1d7f7abc18fcb43975065399b0d1e48e
\\x2a79ea27c279e471f4d180b08d62b00a
\\x1c9ac0159c94d8d0cbedc973445af2da
\\x6c4b761a28b734fe93831e3fb400ce87
\\x06409663226af2f3114485aa4e0a23b4
\\x140f6969d5213fd0ece03148e62e461e
\\xb73ce398c39f506af761d2277d853a92
\\xbd4c9ab730f5513206b999ec0d90d1fb
\\x82aa4b0af34c2313a562076992e50aa3
\\x0777d5c17d4066b82ab86dff8a46af6f
\\xfa7cdfad1a5aaf8370ebeda47a1ff1c3
\\x9766527f2b5d3e95d4a733fcfb77bd7e
\\x7e7757b1e12abcb736ab9a754ffb617a
\\x5878a7ab84fb43402106c575658472fa
\\x006f52e9102a8d3be2fe5614f42ba989
\\x3636638817772e42b59d74cff571fbb3
\\x149e9677a5989fd342ae44213df68868
\\xa4a042cf4fd6bfb47701cbc8a1653ada
\\x1ff8a7b5dc7a7d1f0ed65aaa29c04b1e
\\xf7e6c85504ce6e82442c770f7c8606f0
\\xbf8229696f7a3bb4700cfddef19fa23f
\\x82161242827b703e6acf9c726942a1e4
\\x38af86134b65d0f10fe33d30dd76442e
\\x96da2f590cd7246bbde0051047b0d6f7
\\x8f85517967795eeef66c225f7883bdcb
\\x8f53295a73878494e9bc8dd6c3c7104f
\\x045117b0e0a11a242b9765e79cbf113f
\\xfc221309746013ac554571fbd180e1c8
\\x4c5bde74a8f110656874902f07378009
\\xcedebb6e872f539bef8c3f919874e9d7
\\x6cdd60ea0045eb7a6ec44c54d29ed402
\\xeecca5b6365d9607ee5a9d336962c534
\\x9872ed9fc22fc182d371c3e9ed316094
\\x31fefc0e570cb3860f2a6d4b38c6490d
\\x9dcb88e0137649590b755372b040afad
\\xa2557a7b2e94197ff767970b67041697
\\xcfecdb276f634854f3ef915e2e980c31
\\x0aa1883c6411f7873cb83dacb17b0afc
\\x58a2fc6ed39fd083f55d4182bf88826d
\\xbd686fd640be98efaae0091fa301e613
\\xa597e50502f5ff68e3e25b9114205d4a
\\x0336dcbab05b9d5ad24f4333c7658a0e
\\x084b6fbb10729ed4da8c3d3f5a3ae7c9
\\x85d8ce590ad8981ca2c8286f79f59954
\\x0e65972dce68dad4d52d063967f0a705
\\x84d9ee44e457ddef7f2c4f25dc8fa865
\\x3644a684f98ea8fe223c713b77189a77
\.


--
-- Name: fruits_id_seq; Type: SEQUENCE SET; Schema: side; Owner: corner_owner
--

SELECT pg_catalog.setval('side.fruits_id_seq', 400, true);


--
-- Name: lonely; Type: SEQUENCE SET; Schema: side; Owner: corner_owner
--

SELECT pg_catalog.setval('side.lonely', 7, false);


--
-- Data for Name: BLOBS; Type: BLOBS; Schema: -; Owner: -
--

BEGIN;

SELECT pg_catalog.lo_open('17237', 131072);
SELECT pg_catalog.lowrite(0, '\x61206c61726765206f626a656374');
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- Name: fruits fruits_pkey; Type: CONSTRAINT; Schema: side; Owner: corner_owner
--

ALTER TABLE ONLY side.fruits
    ADD CONSTRAINT fruits_pkey PRIMARY KEY (id);


--
-- Name: fruits; Type: ROW SECURITY; Schema: side; Owner: corner_owner
--

ALTER TABLE side.fruits ENABLE ROW LEVEL SECURITY;

--
-- Name: fruits readers; Type: POLICY; Schema: side; Owner: corner_owner
--

CREATE POLICY readers ON side.fruits FOR SELECT TO corner_policy USING ((name <> 'TO someone_else'::text));


--
-- Name: DATABASE corner; Type: ACL; Schema: -; Owner: corner_owner
--

GRANT CONNECT ON DATABASE corner TO corner_reader;


--
-- Name: COLUMN fruits.id; Type: ACL; Schema: side; Owner: corner_owner
--

GRANT SELECT(id) ON TABLE side.fruits TO "Corner ""Grantee""";


--
-- Name: DEFAULT PRIVILEGES FOR TABLES; Type: DEFAULT ACL; Schema: side; Owner: corner_owner
--

ALTER DEFAULT PRIVILEGES FOR ROLE corner_owner IN SCHEMA side GRANT SELECT ON TABLES  TO corner_reader;


--
-- Name: noted; Type: EVENT TRIGGER; Schema: -; Owner: postgres
--

CREATE EVENT TRIGGER noted ON ddl_command_end
   EXECUTE FUNCTION public.note();

ALTER EVENT TRIGGER noted DISABLE;


ALTER EVENT TRIGGER noted OWNER TO postgres;

--
-- Name: counted; Type: MATERIALIZED VIEW DATA; Schema: side; Owner: corner_owner
--

REFRESH MATERIALIZED VIEW side.counted;


--
-- PostgreSQL database dump complete
--

\unrestrict lUIgqRH5Un2g9R3L0CgeOUp6sa6OWI7kOUzhRSg2ownP3b1LtoY1K1jkjrKuXIZ

--
-- Database "postgres" dump
--

\connect postgres

--
-- PostgreSQL database dump
--

\restrict litWuJBXwBSTS9MJxtGRsBtzOTdyt5f2gZGGDSM2P7hWeWEtZbAWSj6kBNvGFo9

-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- PostgreSQL database dump complete
--

\unrestrict litWuJBXwBSTS9MJxtGRsBtzOTdyt5f2gZGGDSM2P7hWeWEtZbAWSj6kBNvGFo9

--
-- PostgreSQL database cluster dump complete
--

